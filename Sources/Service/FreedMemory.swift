internal import CLinux

/// Memory that was freed, and that a program keeps for the next payloads as long as it is busy.
package enum FreedMemory {
    /// Gives it back to the system; takes a millisecond or more.
    package static func giveBack() { linux_return_freed_memory() }
}

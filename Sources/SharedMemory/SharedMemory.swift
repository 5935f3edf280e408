internal import CLinux

/// Memory that processes of one host share: whoever makes it is its owner, others open it by its path.
///
/// It has no name in any directory and leaves nothing behind: it is gone with the last process that has
/// it mapped. Its size is sealed, so that nobody can cut it short under a reader's hands; its bytes are
/// whatever others write. Any thread may use it.
@safe
package final class SharedMemory: Sendable {
    /// Names it, so that a path which leads elsewhere is noticed; in its first 8 bytes too.
    package let key: UInt64
    /// Its size in bytes.
    package let byteCount: Int
    /// Where other processes of this host and user open it; empty for what was opened.
    package let path: String
    private nonisolated(unsafe) let start: UnsafeMutableRawPointer
    private let descriptor: Int32

    /// Makes memory of zeros, whose pages the system provides when they are written to.
    ///
    /// `nil` when the system has none to give, promises it only page by page, or has no file to open any
    /// more.
    ///
    /// - Parameters:
    ///   - byteCount: Its size, 8 or more.
    ///   - key: Its name.
    package init?(creating byteCount: Int, key: UInt64) {
        precondition(byteCount >= 8, "the key takes 8 bytes")
        guard linux_commits_strictly() == 0 else { return nil }
        let descriptor = linux_create_memory(byteCount)
        guard descriptor >= 0 else { return nil }
        guard let start = unsafe linux_map_memory(descriptor, byteCount, 1) else {
            linux_close(descriptor)
            return nil
        }
        unsafe start.storeBytes(of: key.littleEndian, as: UInt64.self)
        unsafe self.start = start
        self.descriptor = descriptor
        self.byteCount = byteCount
        self.key = key
        path = "/proc/\(linux_process_id())/fd/\(descriptor)"
    }

    /// Opens what another process has made.
    ///
    /// `nil` when there is no such memory, as on another host or in another container, or it is another
    /// user's.
    ///
    /// - Parameters:
    ///   - path: Its path.
    ///   - key: Its name.
    ///   - mayWrite: Whether bytes will be written to it.
    package init?(opening path: String, key: UInt64, mayWrite: Bool) {
        guard Self.isPath(path) else { return nil }
        var byteCount = 0
        let descriptor = unsafe linux_open_memory(path, mayWrite ? 1 : 0, &byteCount)
        guard descriptor >= 0 else { return nil }
        // What is mapped stays without the descriptor.
        defer { linux_close(descriptor) }
        guard byteCount >= 8,
            let start = unsafe linux_map_memory(descriptor, byteCount, mayWrite ? 1 : 0)
        else { return nil }
        guard unsafe UInt64(littleEndian: start.load(as: UInt64.self)) == key else {
            unsafe linux_unmap(start, byteCount)
            return nil
        }
        unsafe self.start = start
        self.descriptor = -1
        self.byteCount = byteCount
        self.key = key
        self.path = ""
    }

    deinit {
        unsafe linux_unmap(start, byteCount)
        if descriptor >= 0 { linux_close(descriptor) }
    }

    /// Copies bytes out.
    ///
    /// - Parameters:
    ///   - offset: Where they begin.
    ///   - bytes: Filled with them.
    /// - Returns: Whether the memory is so large; otherwise nothing was copied.
    package func read(at offset: UInt64, into bytes: inout MutableRawSpan) -> Bool {
        guard holds(bytes.byteCount, at: offset) else { return false }
        unsafe bytes.withUnsafeMutableBytes { target in
            guard let first = target.baseAddress else { return }
            unsafe first.copyMemory(from: start + Int(offset), byteCount: target.count)
        }
        return true
    }

    /// Copies bytes in; the memory must be so large, and opened to be written to.
    func write(_ bytes: RawSpan, at offset: Int) {
        precondition(holds(bytes.byteCount, at: UInt64(offset)), "beyond the end")
        unsafe bytes.withUnsafeBytes { source in
            guard let first = source.baseAddress else { return }
            unsafe (start + offset).copyMemory(from: first, byteCount: source.count)
        }
    }

    /// Whether so many bytes from `offset` on are in it.
    package func holds(_ byteCount: Int, at offset: UInt64) -> Bool {
        offset <= UInt64(self.byteCount) && byteCount <= self.byteCount - Int(offset)
    }

    /// The number at `offset`, a multiple of 4, which another process may change.
    func number(at offset: Int) -> UInt32 {
        precondition(holds(4, at: UInt64(offset)), "beyond the end")
        return unsafe linux_load((start + offset).assumingMemoryBound(to: UInt32.self))
    }

    /// Changes the number at `offset`, a multiple of 4, for other processes too.
    func setNumber(at offset: Int, to value: UInt32) {
        precondition(holds(4, at: UInt64(offset)), "beyond the end")
        unsafe linux_store((start + offset).assumingMemoryBound(to: UInt32.self), value)
    }

    /// Gives whole pages back to the system.
    func discard(_ range: Range<Int>) {
        precondition(range.lowerBound >= 0 && range.upperBound <= byteCount, "beyond the end")
        guard !range.isEmpty else { return }
        unsafe linux_discard_memory(start + range.lowerBound, range.count)
    }

    /// Whether a path is one that such memory has: nothing else is ever opened.
    private static func isPath(_ path: String) -> Bool {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        func isNumber(_ part: Substring) -> Bool {
            (1...10).contains(part.count) && part.allSatisfy { ("0"..."9").contains($0) }
        }
        return parts.count == 5 && parts[0].isEmpty && parts[1] == "proc" && isNumber(parts[2])
            && parts[3] == "fd" && isNumber(parts[4])
    }
}

#if canImport(Glibc)
import Glibc
#endif

/// What a process is called where nobody has given it a name.
package enum ProcessName {
    /// The host's name, cut to fit a name on the wire, and the process id: `host-4711`.
    package static func make() -> String {
        var bytes = [CChar](repeating: 0, count: 256)
        unsafe gethostname(&bytes, bytes.count - 1)
        let host = String(
            decoding: bytes.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) },
            as: UTF8.self
        )
        return "\(host.prefix(48))-\(getpid())"
    }
}

#if canImport(Glibc)
import Glibc
#endif

/// The time of day.
package enum WallClock {
    /// Nanoseconds since 1970 (UTC) by this machine's clock, which may be set back.
    package static var nanoseconds: Int64 {
        var now = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &now)
        return Int64(now.tv_sec) * 1_000_000_000 + Int64(now.tv_nsec)
    }
}

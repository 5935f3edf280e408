#if canImport(Glibc)
import Glibc
#endif

/// How large the terminal is that a command writes to.
struct TerminalSize {
    /// Characters in a line.
    var columns: Int
    /// Lines.
    var rows: Int

    /// That of stdout, now; `nil` when it is no terminal.
    static var ofOutput: TerminalSize? {
        guard isatty(STDOUT_FILENO) == 1 else { return nil }
        var size = winsize()
        let isKnown = unsafe ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0
        guard isKnown, size.ws_col > 0, size.ws_row > 0 else {
            return TerminalSize(columns: 80, rows: 24)
        }
        return TerminalSize(columns: Int(size.ws_col), rows: Int(size.ws_row))
    }
}

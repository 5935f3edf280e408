public import ArgumentParser
public import Logging

#if canImport(Glibc)
import Glibc
#endif

/// The options that every service and command has.
package struct CommonOptions: ParsableArguments {
    /// Messages below this level are not written.
    @Option(help: .setting("How much to say on stderr.", "log-level"))
    package var logLevel: Logger.Level = Setting.value("log-level", default: .info)

    package init() {}

    /// A logger for a program or a part of it, writing one line a message to stderr.
    ///
    /// - Parameter name: What people call it, such as `broker`.
    /// - Returns: The logger, at the level asked for.
    package func logger(_ name: String) -> Logger {
        Logger(label: name) { LineLogHandler(label: $0, logLevel: logLevel) }
    }
}

extension Logger.Level: @retroactive ExpressibleByArgument {}

/// Writes each message as one line to stderr: time (UTC), level, who, sentence, `key=value`.
///
/// ```
/// 2026-11-23T12:44:05.120Z info    camera  connected to the broker at tcp://127.0.0.1:5550
/// ```
///
/// Any thread; a line is written by one system call, so lines do not mix.
struct LineLogHandler: LogHandler {
    let label: String
    var logLevel: Logger.Level
    var metadata: Logger.Metadata = [:]

    init(label: String, logLevel: Logger.Level) {
        self.label = label
        self.logLevel = logLevel
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        var line = ""
        line.reserveCapacity(160)
        Self.appendTime(to: &line)
        line += " "
        line += Self.padded(event.level)
        line += " "
        line += label
        line += "  "
        Self.append(event.message.description, to: &line)
        appendMetadata(event.metadata, to: &line)
        line += "\n"
        StandardError.write(line)
    }

    private func appendMetadata(_ added: Logger.Metadata?, to line: inout String) {
        guard added?.isEmpty == false || !metadata.isEmpty else { return }
        let all = metadata.merging(added ?? [:]) { $1 }
        for (key, value) in all.sorted(by: { $0.key < $1.key }) {
            line += "  \(key)="
            Self.append(value.description, to: &line)
        }
    }

    /// Appends text that may come from a peer: line breaks and other controls become blanks.
    private static func append(_ text: String, to line: inout String) {
        for scalar in text.unicodeScalars {
            line.unicodeScalars.append(scalar.properties.generalCategory == .control ? " " : scalar)
        }
    }

    private static func padded(_ level: Logger.Level) -> String {
        switch level {
        case .trace: "trace  "
        case .debug: "debug  "
        case .info: "info   "
        case .notice: "notice "
        case .warning: "warning"
        case .error: "error  "
        case .critical: "critical"
        }
    }

    private static func appendTime(to line: inout String) {
        var now = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &now)
        var parts = unsafe tm()
        unsafe gmtime_r(&now.tv_sec, &parts)
        func append(_ value: Int, width: Int) {
            let digits = String(value)
            for _ in digits.count..<max(width, digits.count) { line += "0" }
            line += digits
        }
        unsafe append(Int(parts.tm_year) + 1_900, width: 4)
        line += "-"
        unsafe append(Int(parts.tm_mon) + 1, width: 2)
        line += "-"
        unsafe append(Int(parts.tm_mday), width: 2)
        line += "T"
        unsafe append(Int(parts.tm_hour), width: 2)
        line += ":"
        unsafe append(Int(parts.tm_min), width: 2)
        line += ":"
        unsafe append(Int(parts.tm_sec), width: 2)
        line += "."
        append(now.tv_nsec / 1_000_000, width: 3)
        line += "Z"
    }
}

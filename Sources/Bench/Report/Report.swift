import Foundation
import Service

/// What a measurement prints: a table for people, or one JSON object for programs.
struct Report {
    enum Value {
        case text(String)
        case number(Double)
        case count(Int)
    }

    private struct Row {
        let key: String
        let label: String
        let value: Value
        let text: String
    }

    private var rows: [Row] = []

    /// Adds a line: what a program calls it, what a person calls it, and how a person reads it.
    mutating func add(_ key: String, _ label: String, _ value: Value, _ text: String) {
        rows.append(Row(key: key, label: label, value: value, text: text))
    }

    /// Adds a line of text.
    mutating func add(_ key: String, _ label: String, _ text: String) {
        add(key, label, .text(text), text)
    }

    /// Adds a number.
    mutating func add(_ key: String, _ label: String, _ count: Int) {
        add(key, label, .count(count), Readable.count(count))
    }

    /// Adds the percentiles of latencies in nanoseconds.
    mutating func add(_ latencies: Latencies) {
        add("latency_count", "results timed", latencies.count)
        for (name, nanoseconds) in latencies.percentiles {
            add(
                "latency_\(name)_ms",
                name == "most" ? "longest" : "latency \(name)",
                .number(Double(nanoseconds) / 1e6),
                Readable.duration(.nanoseconds(Int64(clamping: nanoseconds)))
            )
        }
    }

    /// Adds how long it took, and what that is a second.
    mutating func addRate(_ duration: Duration, _ framesPerSecond: Double, bytes: Int) {
        add("seconds", "time", .number(duration / .seconds(1)), Readable.duration(duration))
        let volume = Readable.bytes(Int(framesPerSecond * Double(bytes)))
        let text = "\(Readable.count(Int(framesPerSecond.rounded()))) frames/s, \(volume)/s"
        add("frames_per_second", "rate", .number(framesPerSecond), text)
    }

    /// Adds the machine, the version, and the command.
    mutating func addSurroundings() {
        let machine = Machine()
        add("machine", "machine", machine.description)
        add("version", "version", "Zoetrope \(Program.version), \(machine.libraries)")
        add("command", "command", CommandLine.arguments.joined(separator: " "))
    }

    /// Prints it.
    func show(json: Bool) throws {
        guard json else {
            let width = rows.map(\.label.count).max() ?? 0
            for row in rows {
                let blanks = String(repeating: " ", count: width - row.label.count + 2)
                print(row.label + blanks + row.text)
            }
            return
        }
        var object: [String: Any] = [:]
        for row in rows {
            switch row.value {
            case .text(let text): object[row.key] = text
            case .number(let number): object[row.key] = (number * 1_000).rounded() / 1_000
            case .count(let count): object[row.key] = count
            }
        }
        let data = try JSONSerialization.data(
            withJSONObject: object,
            options: [.sortedKeys, .withoutEscapingSlashes]
        )
        print(String(decoding: data, as: UTF8.self))
    }
}

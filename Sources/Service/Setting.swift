package import ArgumentParser
import Synchronization

#if canImport(Glibc)
import Glibc
#endif

/// Defaults of options that come from the environment.
///
/// The option `--connect-timeout` reads `ZOETROPE_CONNECT_TIMEOUT`, and so on:
///
/// ```swift
/// @Option(help: .setting("How long to try to reach the broker.", "connect-timeout"))
/// var connectTimeout: Duration = Setting.value("connect-timeout", default: .seconds(10))
/// ```
package enum Setting {
    private static let found = Mutex<[Failure]>([])

    /// What was wrong with the variables read so far; ``Program`` ends with the first.
    package static var failures: [Failure] { found.withLock { $0 } }

    /// The variable that stands for an option.
    ///
    /// - Parameter option: The option's name without dashes at its start, such as `connect-timeout`.
    /// - Returns: Its name, such as `ZOETROPE_CONNECT_TIMEOUT`.
    package static func variable(_ option: String) -> String {
        "ZOETROPE_" + option.uppercased().map { $0 == "-" ? "_" : String($0) }.joined()
    }

    /// The value of an option's variable, or `value` where it is not set.
    package static func value<Value: ExpressibleByArgument>(
        _ option: String,
        default value: Value
    ) -> Value {
        optional(option) ?? value
    }

    /// The value of an option's variable, or nil where it is not set or empty.
    package static func optional<Value: ExpressibleByArgument>(
        _ option: String,
        as type: Value.Type = Value.self
    ) -> Value? {
        guard let text = text(of: option) else { return nil }
        do {
            return try parse(text, option: option)
        } catch {
            found.withLock { $0.append(error) }
            return nil
        }
    }

    /// The values of an option's variable, between commas or blanks, or `values`.
    package static func list<Value: ExpressibleByArgument>(
        _ option: String,
        default values: [Value] = []
    ) -> [Value] {
        guard let text = text(of: option) else { return values }
        do {
            var list: [Value] = []
            for word in text.split(whereSeparator: { $0 == "," || $0.isWhitespace }) {
                list.append(try parse(String(word), option: option))
            }
            return list
        } catch {
            found.withLock { $0.append(error) }
            return values
        }
    }

    /// Whether an option's variable switches a flag on: `1`, `true`, `yes` or `on`.
    package static func flag(_ option: String) -> Bool {
        guard let text = text(of: option) else { return false }
        switch text.lowercased() {
        case "1", "true", "yes", "on": return true
        case "0", "false", "no", "off": return false
        default:
            let sentence = "\(variable(option)) is '\(text)'; it takes true or false"
            found.withLock { $0.append(Failure(.usage, sentence)) }
            return false
        }
    }

    /// Reads `text` as the value of an option's variable.
    ///
    /// - Throws: A ``Failure`` of the kind usage that names the variable.
    static func parse<Value: ExpressibleByArgument>(
        _ text: String,
        option: String
    ) throws(Failure) -> Value {
        if let value = Value(argument: text) { return value }
        var sentence = "\(variable(option)) is '\(text)'"
        let choices = Value.allValueStrings
        if !choices.isEmpty {
            sentence += "; it takes one of \(choices.joined(separator: ", "))"
        } else if let hint = (Value.self as? any Hinting.Type)?.hint {
            sentence += "; it takes \(hint)"
        } else {
            sentence += ", which --\(option) does not take"
        }
        throw Failure(.usage, sentence)
    }

    private static func text(of option: String) -> String? {
        guard let raw = unsafe getenv(variable(option)) else { return nil }
        let text = unsafe String(cString: raw)
        return text.isEmpty ? nil : text
    }
}

extension ArgumentHelp {
    /// Help that names the variable of an option.
    ///
    /// - Parameters:
    ///   - abstract: One sentence.
    ///   - option: The option's name without dashes at its start.
    /// - Returns: The help.
    package static func setting(_ abstract: String, _ option: String) -> ArgumentHelp {
        ArgumentHelp("\(abstract) [\(Setting.variable(option))]")
    }

    /// The same, with the word that stands for the value, such as `file`.
    package static func setting(
        _ abstract: String,
        _ option: String,
        valueName: String
    ) -> ArgumentHelp {
        ArgumentHelp("\(abstract) [\(Setting.variable(option))]", valueName: valueName)
    }
}

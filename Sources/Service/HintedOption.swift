package import ArgumentParser

/// A value that can say what it looks like.
package protocol Hinting {
    /// Such as "a time like 10s or 500ms".
    static var hint: String { get }
}

extension Int: Hinting {
    package static var hint: String { "a whole number" }
}

extension UInt64: Hinting {
    package static var hint: String { "a whole number" }
}

extension Double: Hinting {
    package static var hint: String { "a number" }
}

extension Float: Hinting {
    package static var hint: String { "a number" }
}

/// What follows the parser's own words about a value that it cannot read.
struct Hint: Error, CustomStringConvertible {
    let description: String

    /// Reads a value; what it looks like is the error.
    static func read<Value: ExpressibleByArgument & Hinting>(_ text: String) throws(Hint) -> Value {
        guard let value = Value(argument: text) else {
            throw Hint(description: "it takes \(Value.hint)")
        }
        return value
    }
}

/// The word behind such an option is its value whatever it is, `-3` too, so that the complaint is
/// about the value and not about another option that there is not.
extension Option where Value: ExpressibleByArgument & Hinting {
    /// An option with a default whose complaint says what its value looks like.
    package init(
        wrappedValue: Value,
        name: NameSpecification = .long,
        hinting help: ArgumentHelp
    ) {
        var help = help
        // The parser does so itself where it reads the value alone.
        help.abstract += " (default: \(wrappedValue.defaultValueDescription))"
        self.init(
            wrappedValue: wrappedValue,
            name: name,
            parsing: .unconditional,
            help: help,
            transform: { try Hint.read($0) }
        )
    }
}

extension Option {
    /// An option without a default whose complaint says what its value looks like.
    package init<Wrapped: ExpressibleByArgument & Hinting>(
        name: NameSpecification = .long,
        hinting help: ArgumentHelp
    ) where Value == Wrapped? {
        self.init(
            wrappedValue: nil,
            name: name,
            parsing: .unconditional,
            help: help,
            transform: { try Hint.read($0) }
        )
    }
}

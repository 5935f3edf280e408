/// The rules for names of streams, groups and workers.
package enum Names {
    /// Whether `name` is 1 to 64 of `a-z 0-9 - _ . /`.
    package static func isValidStream(_ name: String) -> Bool {
        unsafe name.utf8Span.span.withUnsafeBytes { unsafe isValidStream($0) }
    }

    /// ``isValidStream(_:)-(String)`` for the bytes of a name.
    static func isValidStream(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard (1...Limits.nameByteCount).contains(bytes.count) else { return false }
        return unsafe bytes.allSatisfy(isNameByte)
    }

    /// Whether `name` may name a group: as a stream's, but without `/`.
    package static func isValidGroup(_ name: String) -> Bool {
        isValidStream(name) && !name.utf8.contains(UInt8(ascii: "/"))
    }

    /// Whether `pattern` is a stream's name in which `*` may stand for any run of characters.
    package static func isValidPattern(_ pattern: String) -> Bool {
        let bytes = pattern.utf8
        guard (1...Limits.nameByteCount).contains(bytes.count) else { return false }
        return bytes.allSatisfy { isNameByte($0) || $0 == UInt8(ascii: "*") }
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "/"):
            true
        default:
            false
        }
    }

    /// Whether `pattern` covers the stream `name`; `*` stands for any run of characters, `/` too.
    ///
    /// Takes time proportional to the product of both lengths at most, which ``Limits`` bound.
    package static func matches(pattern: String, name: String) -> Bool {
        let pattern = Array(pattern.utf8)
        let name = Array(name.utf8)
        var (p, n) = (0, 0)
        var retry: (pattern: Int, name: Int)?
        while n < name.count {
            if p < pattern.count, pattern[p] == UInt8(ascii: "*") {
                retry = (p, n)
                p += 1
            } else if p < pattern.count, pattern[p] == name[n] {
                p += 1
                n += 1
            } else if let (star, start) = retry {
                retry = (star, start + 1)
                p = star + 1
                n = start + 1
            } else {
                return false
            }
        }
        return pattern[p...].allSatisfy { $0 == UInt8(ascii: "*") }
    }
}

extension ByteReader {
    /// A list of valid stream patterns.
    @_lifetime(self: copy self)
    mutating func patterns() throws(WireError) -> [String] {
        let count = try count("patterns", elementByteCount: 3, limit: Limits.patterns)
        var patterns: [String] = []
        for _ in 0..<count {
            let pattern = try name("pattern")
            guard Names.isValidPattern(pattern) else { throw .invalid("pattern") }
            patterns.append(pattern)
        }
        return patterns
    }
}

extension ByteWriter {
    /// A list of strings.
    mutating func strings(_ values: [String]) {
        count(values.count)
        for value in values { string(value) }
    }
}

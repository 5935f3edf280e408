/// Whether `left` comes before `right` as people order names: `frame9` before `frame10`.
///
/// Runs of digits compare as numbers, all else byte by byte; names that differ only in leading
/// zeros compare byte by byte, so that the order is total.
package func comesBefore(_ left: String, _ right: String) -> Bool {
    var (left8, right8) = (Array(left.utf8)[...], Array(right.utf8)[...])
    while let l = left8.first, let r = right8.first {
        if isDigit(l), isDigit(r) {
            let (a, b) = (takeNumber(&left8), takeNumber(&right8))
            if a.count != b.count { return a.count < b.count }
            if a != b { return a.lexicographicallyPrecedes(b) }
        } else {
            if l != r { return l < r }
            left8.removeFirst()
            right8.removeFirst()
        }
    }
    if left8.isEmpty != right8.isEmpty { return left8.isEmpty }
    return left.utf8.lexicographicallyPrecedes(right.utf8)
}

private func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

/// Takes the digits at the front, without leading zeros.
private func takeNumber(_ bytes: inout ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    let digits = bytes.prefix(while: isDigit)
    bytes.removeFirst(digits.count)
    return digits.drop { $0 == 0x30 }
}

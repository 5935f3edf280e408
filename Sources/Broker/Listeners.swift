/// Whether anybody listens to results: most of the time nobody does, and they need not be published.
///
/// What a publishing socket receives says so: a 1 or a 0 and the beginning of the topics that are wanted, or
/// not any more. libzmq says it for the first who wants them, and the last.
struct Listeners {
    private static let results = Array("result/".utf8)
    private var count = 0

    /// Whether somebody may want a result.
    var wantResults: Bool { count > 0 }

    /// Takes in what the socket received, which a peer may have made of anything.
    mutating func handle(_ message: RawSpan) {
        guard message.byteCount >= 1 else { return }
        let length = min(message.byteCount - 1, Self.results.count)
        for index in 0..<length where byte(index + 1, of: message) != Self.results[index] { return }
        switch byte(0, of: message) {
        case 1: count += 1
        case 0: count = max(0, count - 1)
        default: break
        }
    }

    private func byte(_ offset: Int, of message: RawSpan) -> UInt8 {
        unsafe message.unsafeLoad(fromByteOffset: offset, as: UInt8.self)
    }
}

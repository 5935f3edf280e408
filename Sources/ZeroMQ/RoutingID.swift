/// How a router knows one connection: the bytes of its identity part.
///
/// libzmq gives 5 bytes to peers that choose none; a peer may choose up to 255. Short ones are kept
/// in place, so that looking up a peer allocates nothing.
package struct RoutingID: Hashable, Sendable, CustomStringConvertible {
    private enum Storage: Hashable {
        /// Up to 7 bytes, the first one lowest; the topmost byte is their number.
        case short(UInt64)
        case long([UInt8])
    }

    private let storage: Storage

    /// The identity spelled by `bytes`, 1 to 255 of them.
    package init(_ bytes: RawSpan) {
        guard bytes.byteCount <= 7 else {
            storage = .long(unsafe bytes.withUnsafeBytes { unsafe [UInt8]($0) })
            return
        }
        var packed = UInt64(bytes.byteCount) << 56
        for index in 0..<bytes.byteCount {
            let byte = unsafe bytes.unsafeLoad(fromByteOffset: index, as: UInt8.self)
            packed |= UInt64(byte) << UInt64(8 * index)
        }
        storage = .short(packed)
    }

    /// Lends the bytes as they go before a message to this peer.
    package func withBytes<Result, Failure: Error>(
        _ body: (RawSpan) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        switch storage {
        case .short(let packed):
            let bytes: InlineArray<7, UInt8> = .init {
                UInt8(truncatingIfNeeded: packed >> UInt64(8 * $0))
            }
            return try unsafe body(bytes.span.bytes.extracting(first: Int(packed >> 56)))
        case .long(let bytes):
            return try unsafe body(bytes.span.bytes)
        }
    }

    package var description: String {
        withBytes { bytes in
            var text = ""
            for index in 0..<bytes.byteCount {
                let byte = unsafe bytes.unsafeLoad(fromByteOffset: index, as: UInt8.self)
                text += byte < 16 ? "0" : ""
                text += String(byte, radix: 16)
            }
            return text
        }
    }
}

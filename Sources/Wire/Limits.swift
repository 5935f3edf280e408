/// What a peer may send; checked before anything is allocated.
package enum Limits {
    /// Bytes of the fixed part at the start of every header.
    package static let prefixByteCount = 16
    /// Largest header part, prefix included, in bytes.
    package static let headerByteCount = 64 << 10
    /// Largest payload part, in bytes.
    package static let payloadByteCount = 64 << 20
    /// Longest name of a stream, group or worker, in bytes.
    package static let nameByteCount = 64
    /// Longest text for people (a reason, a model's name, an attribute), in bytes.
    package static let textByteCount = 4_096
    /// Largest count, place and span of time: what a signed 64-bit integer (SQLite's) holds.
    package static let number = UInt64(Int64.max)
    /// Most payload bytes that a worker or the archive may ask for as credit.
    package static let creditByteCount: UInt64 = 1 << 40
    /// Longest side of an image, in pixels.
    package static let imageSidePixels: UInt32 = 16_384
    /// Largest image, in pixels.
    package static let imagePixels = 64_000_000
    /// Most stream patterns a group or a viewer may have.
    package static let patterns = 64
}

package import Wire

/// One still image as a source gives it: coded, upright, and timed.
package struct CapturedFrame: Sendable, Equatable {
    /// The coded image.
    package let payload: [UInt8]
    /// XXH3-64 of ``payload``.
    package let payloadHash: UInt64
    /// How it is coded.
    package let format: Frame.Format
    /// Width in pixels.
    package let width: Int
    /// Height in pixels.
    package let height: Int
    /// When it was taken, in nanoseconds since 1970 (UTC).
    package var capturedAt: Int64

    /// Puts the parts together and hashes the payload.
    package init(
        payload: [UInt8],
        format: Frame.Format,
        width: Int,
        height: Int,
        capturedAt: Int64
    ) {
        self.payload = payload
        self.format = format
        self.width = width
        self.height = height
        self.capturedAt = capturedAt
        payloadHash = unsafe xxh3(payload.span.bytes)  // Any bits are a UInt8.
    }

    /// The header that goes before the payload.
    package func header(_ id: FrameID) -> Frame {
        Frame(
            id: id,
            capturedAt: capturedAt,
            format: format,
            width: UInt32(width),
            height: UInt32(height),
            byteCount: UInt32(payload.count),
            payloadHash: payloadHash
        )
    }
}

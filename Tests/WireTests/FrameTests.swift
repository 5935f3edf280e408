import Testing
import Wire

@Suite struct FrameTests {
    private static func frame(
        format: Frame.Format = .jpeg,
        width: UInt32 = 4,
        height: UInt32 = 2,
        byteCount: UInt32 = 3,
        sequence: UInt64 = 0
    ) -> Frame {
        Frame(
            id: FrameID(stream: "s", epoch: 1, sequence: sequence),
            capturedAt: 0,
            format: format,
            width: width,
            height: height,
            byteCount: byteCount,
            payloadHash: hash("abc".utf8)
        )
    }

    @Test(arguments: [
        frame(width: 1, height: 1), frame(width: 16_384, height: 1),
        frame(width: 1, height: 16_384), frame(width: 8_000, height: 8_000),
        frame(byteCount: 1), frame(byteCount: 64 << 20), frame(format: .bgr8, byteCount: 24),
        frame(format: .gray8, byteCount: 8), frame(sequence: Limits.number - 1),
    ])
    func aFrameWithinTheLimitsIsRead(frame: Frame) throws {
        #expect(areEqual(try decodeAny(frame.encoded()), frame))
    }

    @Test(
        arguments: [
            (frame(width: 16_385, height: 1), .overLimit("image side")),
            (frame(width: 1, height: 16_385), .overLimit("image side")),
            (frame(width: 0), .overLimit("image side")),
            (frame(height: 0), .overLimit("image side")),
            (frame(width: 8_001, height: 8_000), .overLimit("image size")),
            (frame(width: .max, height: .max), .overLimit("image side")),
            (frame(byteCount: 0), .invalid("payload length")),
            (frame(byteCount: 64 << 20 + 1), .overLimit("payload")),
            (frame(format: .bgr8, byteCount: 23), .invalid("payload length")),
            (frame(format: .gray8, byteCount: 9), .invalid("payload length")),
            (frame(sequence: Limits.number), .overLimit("sequence")),
            (frame(sequence: .max), .overLimit("sequence")),
        ] as [(Frame, WireError)]
    )
    func aFrameBeyondALimitThrows(frame: Frame, error: WireError) {
        #expect(throws: error) { try decodeAny(frame.encoded()) }
    }

    @Test func anUnknownFormatThrows() {
        var bytes = Self.frame().encoded()
        bytes[16 + 3 + 16 + 8] = 4
        #expect(throws: WireError.invalid("format")) { try decodeAny(resealed(bytes)) }
    }

    @Test func onlyThePayloadThatTheHeaderAnnouncesPasses() throws {
        let frame = Self.frame()
        try check(frame, "abc")
        #expect(throws: WireError.badChecksum) {
            try check(frame, "abd")
        }
        for other in ["", "ab", "abcd"] {
            #expect(throws: WireError.invalid("payload length")) {
                try check(frame, other)
            }
        }
    }

    private func check(_ frame: Frame, _ payload: String) throws(WireError) {
        let bytes = Array(payload.utf8)
        unsafe try frame.check(payload: bytes.span.bytes)
    }
}

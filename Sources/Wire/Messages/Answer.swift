/// What routing needs of a ``Result``.
///
/// Reading one checks all that reading a ``Result`` checks, but keeps nothing of the detections, so that
/// it costs no memory however many there are.
package struct Answer: Sendable, Equatable {
    /// The run it belongs to.
    package var run: Run
    /// The frame it is about.
    package var frame: FrameID
    /// The lease it answers.
    package var token: UInt64
    /// The worker's name.
    package var worker: String
    /// Whether the worker could make nothing of the frame.
    package var isFailure: Bool

    /// What `result` says.
    package init(_ result: Result) {
        run = result.run
        frame = result.frame
        token = result.token
        worker = result.worker
        isFailure = !result.failure.isEmpty
    }

    /// Reads the fields of a RESULT behind a header that was checked.
    ///
    /// - Parameters:
    ///   - bytes: With the header, which is at their start.
    ///   - header: What was found there.
    /// - Throws: ``WireError`` where ``Result`` does, and nowhere else.
    package init(_ bytes: RawSpan, behind header: Header) throws(WireError) {
        guard header.type == Result.type else { throw .unexpectedType(header.type) }
        var reader = ByteReader(bytes, range: Limits.prefixByteCount..<header.byteCount)
        run = try Run(fields: &reader)
        frame = try FrameID(fields: &reader)
        token = try reader.u64()
        _ = try reader.u16()
        worker = try reader.name("worker")
        isFailure = try reader.passText("failure") > 0
        _ = try reader.passText("model")
        _ = try reader.u64()
        _ = try reader.instant("started at")
        _ = try reader.number("decode time")
        _ = try reader.number("infer time")
        let attributeCount = try reader.count("attributes", elementByteCount: 4)
        for _ in 0..<attributeCount {
            _ = try reader.passName("attribute")
            _ = try reader.passText("attribute")
        }
        let detectionCount = try reader.count("detections", elementByteCount: 38)
        for _ in 0..<detectionCount { try Self.passDetection(&reader) }
    }

    private static func passDetection(_ reader: inout ByteReader) throws(WireError) {
        _ = try reader.passName("label")
        let score = try reader.f32("score")
        _ = (try reader.f32("box"), try reader.f32("box"))
        let size = (try reader.f32("box"), try reader.f32("box"))
        _ = try reader.number("track")
        let landmarkCount = try passFloats("landmarks", &reader)
        _ = try passFloats("embedding", &reader)
        try Detection.check(score: score, width: size.0, height: size.1, landmarkCount)
    }

    private static func passFloats(
        _ field: StaticString,
        _ reader: inout ByteReader
    ) throws(WireError) -> Int {
        let count = try reader.count(field, elementByteCount: 4)
        for _ in 0..<count { _ = try reader.f32(field) }
        return count
    }
}

import Logging
import TestSupport
import Wire
import ZeroMQ

@testable import Recording

/// A record's two parts in arrays of its own.
struct OwnedBytes: RecordBytes {
    let header: [UInt8]
    let payload: [UInt8]

    var headerByteCount: Int { header.count }
    var payloadByteCount: Int { payload.count }

    func withParts(_ body: (RawSpan, RawSpan) -> Void) {
        let (header, payload) = (header, payload)
        unsafe body(header.span.bytes, payload.span.bytes)
    }
}

/// Records as cameras, workers and the broker would send them.
enum Fixture {
    static func payload(_ sequence: UInt64, byteCount: Int = 200) -> [UInt8] {
        (0..<byteCount).map { UInt8(truncatingIfNeeded: UInt64($0) &* 31 &+ sequence) }
    }

    static func frame(
        _ sequence: UInt64,
        stream: String = "cam",
        epoch: UInt64 = 1,
        byteCount: Int = 200
    ) -> (record: LogRecord, bytes: OwnedBytes) {
        let payload = payload(sequence, byteCount: byteCount)
        let frame = unsafe Frame(
            id: FrameID(stream: stream, epoch: epoch, sequence: sequence),
            capturedAt: 1_700_000_000_000_000_000 + Int64(sequence) * 40_000_000,
            format: .jpeg,
            width: 640,
            height: 480,
            byteCount: UInt32(payload.count),
            payloadHash: xxh3(payload.span.bytes)
        )
        return (.frame(frame), OwnedBytes(header: frame.encoded(), payload: payload))
    }

    static func result(
        _ sequence: UInt64,
        group: String = "faces",
        run: UInt32 = 0,
        stream: String = "cam",
        epoch: UInt64 = 1,
        detections: Int = 2
    ) -> (record: LogRecord, bytes: OwnedBytes) {
        var result = Wire.Result(
            run: Run(group: group, number: run),
            frame: FrameID(stream: stream, epoch: epoch, sequence: sequence),
            token: sequence,
            attempt: 1,
            worker: "worker-1",
            model: "yunet",
            modelHash: 0xABCD,
            startedAt: 1_700_000_000_000_000_000
        )
        result.inferNanoseconds = 12_500_000
        result.attributes = [Attribute(key: "weather", value: "rain")]
        result.detections = (0..<detections).map {
            Detection(
                label: $0.isMultiple(of: 2) ? "face" : "person",
                score: 0.75,
                x: Float($0),
                y: 2,
                width: 30,
                height: 40,
                landmarks: [1.5, 2]
            )
        }
        return (.result(result), OwnedBytes(header: result.encoded(), payload: []))
    }

    static func group(
        _ name: String = "faces",
        policy: GroupDefinition.Policy = .durable,
        start: GroupDefinition.Start = .now,
        patterns: [String] = ["*"]
    ) -> (record: LogRecord, bytes: OwnedBytes) {
        let group = GroupDefinition(
            name: name,
            patterns: patterns,
            policy: policy,
            order: .any,
            start: start
        )
        return (.group(group), OwnedBytes(header: group.encoded(), payload: []))
    }

    static func entry(_ fixture: (record: LogRecord, bytes: OwnedBytes)) -> LogEntry {
        LogEntry(fixture.record, bytes: fixture.bytes)
    }

    /// The type of the message whose header is `bytes`.
    static func type(_ bytes: [UInt8]) throws -> MessageType {
        try unsafe Header(bytes.span.bytes).type
    }

    /// The message whose header is `bytes`.
    static func decode<Value: WireMessage>(_ type: Value.Type, _ bytes: [UInt8]) throws -> Value {
        try unsafe Value(decoding: bytes.span.bytes)
    }

    static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
}

extension RawSpan {
    var array: [UInt8] { unsafe withUnsafeBytes { unsafe [UInt8]($0) } }
}

internal import CPlain
internal import Foundation
internal import Logging
internal import Recording
internal import Wire
internal import ZeroMQ

/// Frames to be written: so many, of so many bytes, so many a commit.
struct Stretch {
    let frames: Int
    let frameBytes: Int
    let batch: Int

    private struct Bytes: RecordBytes {
        let header: [UInt8]
        let payload: [UInt8]

        var headerByteCount: Int { header.count }
        var payloadByteCount: Int { payload.count }

        func withParts(_ body: (RawSpan, RawSpan) -> Void) {
            unsafe body(header.span.bytes, payload.span.bytes)
        }
    }

    static func frame(_ sequence: Int, _ payload: [UInt8], _ hash: UInt64) -> Frame {
        Frame(
            id: FrameID(stream: "camera", epoch: 1, sequence: UInt64(sequence)),
            capturedAt: 1_760_000_000_000_000_000 + Int64(sequence) * 1_000_000,
            format: .jpeg,
            width: 1_280,
            height: 720,
            byteCount: UInt32(payload.count),
            payloadHash: hash
        )
    }

    var payload: [UInt8] {
        (0..<frameBytes).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 7) }
    }

    /// Writes all through the committing thread of the archive into an archive of its own.
    ///
    /// - Returns: Frames a second; the archive is removed.
    func write(in work: URL) throws -> Double {
        let place = work.appending(path: "ours")
        let rate = try fill(DataDirectory(path: place.path))
        try FileManager.default.removeItem(at: place)
        return rate
    }

    /// Writes all into the archive at `directory`; returns frames a second.
    func fill(_ directory: DataDirectory, segmentByteCount: Int = 1 << 30) throws -> Double {
        let payload = payload
        let hash = unsafe xxh3(payload.span.bytes)
        let size = Self.frame(0, payload, hash).encoded().count + frameBytes
        var limits = Committer.Limits()
        limits.batchByteCount = batch * size
        let bell = try WakeUp()
        let options = Log.Options(segmentByteCount: segmentByteCount)
        let opened = try LogWriter.open(directory, options: options)
        let committer = try Committer(
            opened,
            limits: limits,
            logger: Logger(label: "bench"),
            wakeUps: [bell]
        )
        defer { committer.close() }
        // Made beforehand: who receives them from a socket has them so.
        let entries = (0..<frames).map { index in
            let frame = Self.frame(index, payload, hash)
            return LogEntry(
                .frame(frame),
                bytes: Bytes(header: frame.encoded(), payload: payload)
            )
        }
        let start = ContinuousClock.now
        var next = 0
        while committer.committed.count < UInt64(frames) {
            while next < frames,
                committer.offer(entries[next], session: 1)
            { next += 1 }
            var event = pollfd(fd: bell.fileDescriptor, events: Int16(POLLIN), revents: 0)
            _ = unsafe poll(&event, 1, -1)
            bell.drain()
            if let failure = committer.failure { throw failure }
        }
        return Double(frames) / ((ContinuousClock.now - start) / .seconds(1))
    }

    /// The same values, batches and syncs in plain C; returns frames a second.
    func writePlainly(in work: URL) throws -> Double {
        let place = work.appending(path: "plain.mdb").path
        let payload = payload
        let frame = Self.frame(frames, payload, unsafe xxh3(payload.span.bytes))
        let value = frame.encoded() + payload
        let took = unsafe zoetrope_plain_ingest(
            place,
            value,
            value.count,
            Int32(frames),
            Int32(batch),
            2 * frames * value.count + (256 << 20)
        )
        unlink(place)
        unlink(place + "-lock")
        guard took > 0 else { throw CocoaError(.fileWriteUnknown) }
        return Double(frames) / took * 1e9
    }
}

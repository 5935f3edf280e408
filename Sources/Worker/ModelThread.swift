import Imaging
import Service
import Vision
import Wire
import ZeroMQ

/// A model thread: decodes a frame, runs its own detector, answers.
struct ModelThread {
    let detector: any Detector
    let identity: WorkerIdentity
    let board: LeaseBoard

    /// Runs until the board is closed.
    ///
    /// - Parameter answered: Called after each answer.
    func run(answered: () -> Void) {
        while let leased = board.take() {
            board.finish(
                leased,
                with: LeaseAnswer(result: work(on: leased), session: leased.session)
            )
            answered()
        }
    }

    private func work(on leased: LeasedFrame) -> Wire.Result {
        var result = Wire.Result(
            run: leased.lease.run,
            frame: leased.frame.id,
            token: leased.lease.token,
            attempt: leased.lease.attempt,
            worker: identity.name,
            model: identity.model,
            modelHash: identity.modelHash,
            startedAt: WallClock.nanoseconds
        )
        do throws(ImagingError) {
            try leased.parts.withBytes { (_, payload) throws(ImagingError) in
                try look(at: payload, of: leased.frame, into: &result)
            }
        } catch {
            result.failure = "\(error)"
        }
        return fitted(result)
    }

    /// Decodes and searches the image, and takes the time of both.
    private func look(
        at bytes: RawSpan,
        of frame: Frame,
        into result: inout Wire.Result
    ) throws(ImagingError) {
        let clock = ContinuousClock()
        let start = clock.now
        let image = try decode(bytes, of: frame)
        let decoded = clock.now
        result.decodeNanoseconds = (decoded - start).wholeNanoseconds
        result.detections = try detector.detect(in: image).map(\.onTheWire)
        result.inferNanoseconds = (clock.now - decoded).wholeNanoseconds
    }

    private func decode(_ bytes: RawSpan, of frame: Frame) throws(ImagingError) -> Image {
        guard xxh3(bytes) == frame.payloadHash else { throw ImagingError.damaged }
        let (width, height) = (Int(frame.width), Int(frame.height))
        switch frame.format {
        case .jpeg, .png:
            // Whatever else OpenCV could read has no limits that are checked before decoding.
            let header = ImageHeader(probing: bytes)
            guard header?.format == (frame.format == .png ? .png : .jpeg) else {
                throw ImagingError.otherFormat
            }
            return try Image(decoding: bytes)
        case .bgr8: return try Image(copying: bytes, width: width, height: height, channels: 3)
        case .gray8: return try Image(copying: bytes, width: width, height: height, channels: 1)
        }
    }

    /// The result, or one that says that it is too large for a message.
    private func fitted(_ result: Wire.Result) -> Wire.Result {
        let count = result.encoded().count
        guard count > Limits.headerByteCount else { return result }
        var short = result
        short.failure = """
            \(result.detections.count) detections need \(Readable.bytes(count)) and a message has \
            \(Readable.bytes(Limits.headerByteCount)); raise --min-score
            """
        short.detections = []
        return short
    }
}

extension Vision.Detection {
    /// The same in the protocol's words.
    fileprivate var onTheWire: Wire.Detection {
        Wire.Detection(
            label: label,
            score: score,
            x: box.x,
            y: box.y,
            width: box.width,
            height: box.height,
            landmarks: landmarks.flatMap { [$0.x, $0.y] }
        )
    }
}

extension Duration {
    /// Nanoseconds, 0 or more.
    fileprivate var wholeNanoseconds: UInt64 {
        let (seconds, attoseconds) = components
        return UInt64(max(0, seconds * 1_000_000_000 + attoseconds / 1_000_000_000))
    }
}

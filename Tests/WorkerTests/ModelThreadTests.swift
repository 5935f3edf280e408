import Imaging
import Service
import Testing
import Vision
import Wire
import ZeroMQ

@testable import Worker

/// Finds so many things in every image.
private final class Fixed: Detector {
    let model: Model
    let count: Int

    init(count: Int) throws {
        model = try DetectorChoice(kind: .none).makeDetector().model
        self.count = count
    }

    func detect(in image: borrowing Image) throws(ImagingError) -> [Vision.Detection] {
        let box = Box(x: 0, y: 0, width: Float(image.width), height: Float(image.height))
        return Array(
            repeating: Vision.Detection(label: "thing", score: 0.5, box: box),
            count: count
        )
    }
}

/// What a model thread makes of one frame.
private func result(
    of payload: [UInt8],
    format: Frame.Format = .jpeg,
    count: Int = 1,
    hash: UInt64? = nil
) throws -> Wire.Result {
    let frame = Frame(
        id: FrameID(stream: "s", epoch: 1, sequence: 2),
        capturedAt: 0,
        format: format,
        width: 4,
        height: 2,
        byteCount: UInt32(payload.count),
        payloadHash: unsafe hash ?? xxh3(payload.span.bytes)
    )
    let lease = Deliver(
        token: 9,
        run: Run(group: "g", number: 3),
        attempt: 2,
        assignment: 1,
        deadlineMilliseconds: 1_000
    )
    let board = LeaseBoard(order: .any)
    let parts = try Parts(
        Message(copying: lease.encoded()),
        payload: Message(copying: payload)
    )
    board.post(LeasedFrame(lease: lease, frame: frame, parts: parts, session: 1))
    let detector = try Fixed(count: count)
    let identity = WorkerIdentity(name: "w", model: detector.model)
    ModelThread(detector: detector, identity: identity, board: board).run { board.close() }
    return try #require(board.takeAnswers().first).result
}

@Suite struct ModelThreadTests {
    @Test func aResultRepeatsTheLeaseAndHoldsWhatWasFound() throws {
        let found = try result(of: Image(width: 4, height: 2).encodeJPEG(quality: 85))
        #expect(found.failure == "")
        #expect(found.token == 9)
        #expect(found.run == Run(group: "g", number: 3))
        #expect(found.attempt == 2)
        #expect(found.frame == FrameID(stream: "s", epoch: 1, sequence: 2))
        #expect(found.detections.map(\.width) == [4])
        #expect(found.inferNanoseconds > 0 && found.decodeNanoseconds > 0)
    }

    @Test(arguments: [(Frame.Format.bgr8, 24), (.gray8, 8)])
    func rawPixelsAreSearchedToo(_ format: Frame.Format, _ byteCount: Int) throws {
        let pixels = [UInt8](repeating: 3, count: byteCount)
        #expect(try result(of: pixels, format: format).detections.count == 1)
        #expect(try result(of: Array(pixels.dropLast()), format: format).failure != "")
    }

    @Test func aBrokenImageIsAFailedResult() throws {
        let whole = try Image(width: 4, height: 2).encodeJPEG(quality: 85)
        #expect(try result(of: Array(whole.dropLast(9))).failure.contains("breaks off"))
        #expect(try result(of: [1, 2, 3]).failure != "")
    }

    @Test func aPayloadThatIsNotTheOneSentIsAFailedResult() throws {
        let whole = try Image(width: 4, height: 2).encodeJPEG(quality: 85)
        #expect(try result(of: whole, hash: 1).failure.contains("not those that the camera sent"))
    }

    @Test func moreDetectionsThanAMessageHoldsAreAFailedResultThatSaysSo() throws {
        let image = try Image(width: 4, height: 2).encodeJPEG(quality: 85)
        let found = try result(of: image, count: 3_000)
        #expect(found.failure.contains("3000 detections"))
        #expect(found.encoded().count <= Limits.headerByteCount)
    }
}

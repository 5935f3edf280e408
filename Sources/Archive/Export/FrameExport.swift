import ArgumentParser
import Foundation
import Recording
import Service
import Wire

/// Takes frames out of an archive one by one, with a progress bar; one that cannot be read is left
/// out, for it holds nobody else up, and named at the end.
struct FrameExport {
    /// A frame as the camera wrote it.
    struct Parts {
        let header: [UInt8]
        let payload: [UInt8]
    }

    /// Where the files go, for the person.
    let out: String
    /// Raised to stop.
    let stop: StopSignal
    /// Whether what is printed is for a program, which wants no words.
    let isQuiet: Bool
    private var leftOut = LeftOut()
    /// Frames of which the log has no record.
    private var gone = FrameSet()
    private var progress = ExportProgress(total: 0)

    init(to out: String, _ stop: StopSignal, isQuiet: Bool = false) {
        self.out = out
        self.stop = stop
        self.isQuiet = isQuiet
    }

    /// Hands every frame of a selection to `write`, as ``add(_:_:_:)`` does.
    mutating func run(
        _ frames: inout SelectedFrames,
        total: Int,
        _ archive: inout ArchiveReader,
        _ write: (SelectedFrame, Parts) throws -> Int?
    ) throws {
        begin(total: total)
        while case let page = try frames.nextPage(), !page.isEmpty {
            for frame in page {
                try add(frame.id, &archive) { try write(frame, $0) }
            }
        }
    }

    /// Shows from now on how many of `total` frames are done.
    mutating func begin(total: Int) { progress = ExportProgress(total: total) }

    /// Hands one frame to `write`, which returns the bytes of the image that it has written; `nil`
    /// when it has passed the frame over.
    ///
    /// - Throws: `ExitCode(130)` when it was stopped, and what `write` throws.
    mutating func add(
        _ id: FrameID,
        _ archive: inout ArchiveReader,
        _ write: (Parts) throws -> Int?
    ) throws {
        if stop.isRaised {
            progress.end("stopped", out, isQuiet: isQuiet)
            throw ExitCode(130)
        }
        let parts: Parts
        do throws(RecordingError) {
            let (header, payload) = try archive.frame(id)
            parts = Parts(header: header, payload: payload)
        } catch {
            switch error.kind {
            case .damaged: return leftOut.add(id, error)
            case .gone: return gone.insert(id)
            default: throw error
            }
        }
        if let bytes = try write(parts) { progress.add(bytes) }
    }

    /// Leaves a frame out.
    mutating func leaveOut(_ id: FrameID, _ error: RecordingError) { leftOut.add(id, error) }

    /// Says what has become of it.
    mutating func end(_ catalog: CatalogReader) throws {
        progress.end("exported", out, isQuiet: isQuiet)
        var taken = 0
        for (stream, epochs) in gone.streams.sorted(by: { $0.key < $1.key }) {
            for (epoch, set) in epochs.sorted(by: { $0.key < $1.key }) {
                for sequence in set.ranges.joined() {
                    let id = FrameID(stream: stream, epoch: epoch, sequence: sequence)
                    // What the catalog has let go of meanwhile was taken, and is not lost.
                    if try SelectedFrame.named(id, catalog) == nil {
                        taken += 1
                    } else {
                        leftOut.add(id, .gone(id))
                    }
                }
            }
        }
        if taken > 0 {
            let frames = taken == 1 ? "1 frame was" : "\(Readable.count(taken)) frames were"
            note("\(frames) taken by retention or an erasure meanwhile")
        }
        guard leftOut.count > 0 else { return }
        for line in leftOut.lines {
            StandardError.write("\(line)\n")
        }
        let (frames, are) =
            leftOut.count == 1
            ? ("1 frame", "is") : ("\(Readable.count(leftOut.count)) frames", "are")
        throw Failure(.general, "\(frames) could not be read and \(are) not among the files")
    }
}

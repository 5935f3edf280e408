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
    private var leftOut = LeftOut()
    private var progress = ExportProgress(total: 0)

    init(to out: String, _ stop: StopSignal) {
        self.out = out
        self.stop = stop
    }

    /// Hands every frame to `write`, which returns the bytes of the image that it has written; `nil`
    /// when it has passed the frame over.
    ///
    /// - Throws: `ExitCode(130)` when it was stopped, and a ``Failure`` when there was no frame, or
    ///   when some could not be read.
    mutating func run(
        _ frames: inout SelectedFrames,
        total: Int,
        _ archive: inout ArchiveReader,
        _ write: (SelectedFrame, Parts) throws -> Int?
    ) throws {
        progress = ExportProgress(total: total)
        while case let page = try frames.nextPage(), !page.isEmpty {
            for frame in page {
                if stop.isRaised {
                    progress.end("stopped", out)
                    throw ExitCode(130)
                }
                guard let parts = try read(frame, &archive) else { continue }
                if let bytes = try write(frame, parts) { progress.add(bytes) }
            }
        }
    }

    /// Says what has become of it.
    func end() throws {
        progress.end("exported", out)
        guard leftOut.count > 0 else { return }
        for line in leftOut.lines {
            FileHandle.standardError.write(Data("\(line)\n".utf8))
        }
        let frames = leftOut.count == 1 ? "1 frame" : "\(Readable.count(leftOut.count)) frames"
        throw Failure(.general, "\(frames) could not be read and are not among the files")
    }

    private mutating func read(
        _ frame: SelectedFrame,
        _ archive: inout ArchiveReader
    ) throws -> Parts? {
        do throws(RecordingError) {
            let parts = try archive.frame(frame.id)
            return Parts(header: parts.header, payload: parts.payload)
        } catch {
            guard error.kind == .damaged || error.kind == .gone else { throw error }
            leftOut.add(frame.id, error)
            return nil
        }
    }
}

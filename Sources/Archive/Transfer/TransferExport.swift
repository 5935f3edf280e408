import ArgumentParser
import Foundation
import Recording
import Service
import Wire

/// Writes frames and all results about them as a file for `archive import`.
struct TransferExport {
    /// Where the file goes; `-` is standard output.
    let out: String
    /// Raised to stop.
    let stop: StopSignal

    /// Writes the file.
    ///
    /// - Parameters:
    ///   - frames: Which ones.
    ///   - total: How many these are, about.
    ///   - archive: Where they are.
    ///   - directory: Where that is.
    /// - Throws: `ExitCode(130)` when it was stopped, and a ``Failure``, also when something could
    ///   not be read: the file has everything else then.
    func run(
        _ frames: inout SelectedFrames,
        total: Int,
        _ archive: inout ArchiveReader,
        of directory: DataDirectory
    ) throws {
        var selected = FrameSet()
        while case let page = try frames.nextPage(), !page.isEmpty {
            for frame in page { selected.insert(frame.id) }
        }
        var file = try TransferOutput(out)
        var line = ProgressLine("export", unit: .frames)
        var (frameCount, count, byteCount) = (0, 0 as UInt64, 0)
        var leftOut = LeftOut()
        var damage: [String] = []
        var rest = try archive.transfer(selected, of: directory) { kind, record in
            if stop.isRaised {
                line.end()
                throw ExitCode(130)
            }
            switch kind {
            case .frame: frameCount += 1
            case .other: break
            case .damagedFrame(let frame, let error):
                leftOut.add(frame, error)
                return
            case .damaged(let error):
                damage.append("left out: \(error)")
                return
            }
            count += 1
            byteCount += record.byteCount
            try file.write(record)
            line.show(UInt64(frameCount), of: UInt64(total))
        }
        let end = TransferRecord.end(count: count)
        try unsafe file.write(end.span.bytes)
        try file.finish()
        line.end()
        let words =
            "exported \(Readable.count(frameCount)) frames and"
            + " \(Readable.count(Int(count) - frameCount)) results and gaps"
            + " (\(Readable.bytes(byteCount))) to \(out == "-" ? "standard output" : out)"
        if out == "-" { say(words) } else { print(words) }
        rest.subtract(leftOut.frames)
        let gone = RecordingError(.gone, "the log has no readable record of it")
        rest.forEach { stream, epoch, range in
            for sequence in range {
                leftOut.add(FrameID(stream: stream, epoch: epoch, sequence: sequence), gone)
            }
        }
        for line in leftOut.lines + damage { say(line) }
        guard leftOut.count + damage.count > 0 else { return }
        let number = leftOut.count == 1 ? "1 frame" : "\(Readable.count(leftOut.count)) frames"
        throw Failure(
            .general,
            leftOut.count > 0
                ? "\(number) could not be read and are not in the file"
                : "something could not be read, and is not in the file if it belongs there"
        )
    }

    private func say(_ line: String) { StandardError.write("\(line)\n") }
}

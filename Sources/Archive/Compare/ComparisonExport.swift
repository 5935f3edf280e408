import Foundation
import Recording
import Service
import Wire

/// The files of `archive compare --export`: the frames that differ most with both runs' boxes, and
/// the comparison as JSON.
struct ComparisonExport {
    /// Colours on the wheel: the first run blue, the second orange.
    private static let hues = (before: 215, after: 30)

    let directory: String
    let report: ComparisonReport

    /// Writes everything; a frame that is not kept any more is left out, and said.
    func write(_ archive: inout ArchiveReader, _ stop: StopSignal, isQuiet: Bool) throws {
        try OutputFiles.makeDirectory(directory)
        try OutputFiles.write(Array((report.json + "\n").utf8), to: directory + "/compare.json")
        var manifest = try OutputFile(directory + "/manifest.jsonl")
        var gallery = try GalleryWriter(
            to: directory,
            title: "\(report.before) and \(report.after)",
            legend: [
                ("\(report.before), broken line", Self.hues.before),
                (report.after, Self.hues.after),
            ]
        )
        let differences = report.comparison.differences
        var export = FrameExport(to: directory, stop, isQuiet: isQuiet)
        export.begin(total: differences.count)
        for difference in differences {
            let id = difference.place.id
            guard let frame = try SelectedFrame.named(id, archive.catalog) else {
                export.leaveOut(id, RecordingError(.gone, "the archive does not keep it"))
                continue
            }
            var payload: [UInt8]?
            try export.add(id, &archive) { parts in
                payload = parts.payload
                return parts.payload.count
            }
            guard let payload else { continue }
            let stream = "images/" + FrameFiles.name(of: id.stream)
            try OutputFiles.makeDirectory(directory + "/" + stream)
            let name = stream + "/" + FrameFiles.name(of: id.place)
            let path = name + "." + FrameFiles.extension(of: frame.format)
            try OutputFiles.write(payload, to: directory + "/" + path)
            try manifest.write(difference.json(file: path) + "\n")
            try gallery.add(card(difference, frame, path: path))
        }
        try manifest.flush()
        try gallery.finish()
        try export.end(archive.catalog)
    }

    /// A frame with both runs' boxes; those that both have say nothing but their scores.
    func card(
        _ difference: RunComparison.Difference,
        _ frame: SelectedFrame,
        path: String
    ) -> GalleryCard {
        let match = difference.match
        func mark(
            _ detection: FoundDetection,
            isBefore: Bool,
            _ text: String,
            _ what: String
        ) -> GalleryCard.Mark {
            let run = isBefore ? report.before : report.after
            return GalleryCard.Mark(
                box: detection.box,
                text: text,
                detail: "\(what) \(detection.words), \(run)",
                hue: isBefore ? Self.hues.before : Self.hues.after,
                isDashed: isBefore
            )
        }
        var marks = match.same.flatMap { pair in
            [
                mark(pair.before, isBefore: true, "", "same:"),
                mark(pair.after, isBefore: false, "", "same:"),
            ]
        }
        marks += match.lost.map { mark($0, isBefore: true, "− \($0.label)", "lost:") }
        marks += match.gained.map { mark($0, isBefore: false, "+ \($0.label)", "gained:") }
        var lines = ["\(match.same.count) the same"]
        for (what, detections) in [("lost", match.lost), ("gained", match.gained)]
        where !detections.isEmpty {
            lines.append("\(what): \(detections.map(\.words).joined(separator: ", "))")
        }
        return GalleryCard(
            path: path,
            isShown: frame.format == .jpeg || frame.format == .png,
            width: frame.width,
            height: frame.height,
            title: "\(frame.id.stream) \(frame.id.sequence)",
            time: frame.capturedAt,
            lines: lines,
            marks: marks
        )
    }
}

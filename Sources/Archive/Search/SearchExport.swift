import Recording
import Service
import Wire

/// The files of `archive search --export`: images, manifest, gallery, and labels for training.
final class SearchExport {
    private let directory: String
    private let form: TrainingLabels?
    private let classes: LabelClasses
    private var manifest: OutputFile
    private var gallery: GalleryWriter
    private var coco: COCOFile?
    /// Frames that the run has failed on: there is no telling what is on them.
    private var unlabelledCount = 0

    /// Begins the files.
    init(
        to directory: String,
        title: String,
        _ form: TrainingLabels?,
        _ filter: Catalog.ResultFilter,
        _ catalog: CatalogReader
    ) throws {
        self.directory = directory
        self.form = form
        try OutputFiles.makeDirectory(directory)
        let old = ["images", "labels"].filter { OutputFiles.hasContent(directory + "/" + $0) }
        if form != nil, let old = old.first {
            // Programs that train read all that lies there.
            throw Failure(
                .general,
                "\(directory)/\(old) has files already, of which a training would take in all:"
                    + " remove it, or choose another place"
            )
        }
        classes = form == nil ? LabelClasses([]) : try LabelClasses(filter, catalog)
        manifest = try OutputFile(directory + "/manifest.jsonl")
        gallery = try GalleryWriter(to: directory, title: title)
        if form == .coco {
            coco = try COCOFile.begin(directory + "/coco.json", description: title, classes)
        }
        if form == .yolo {
            let names = classes.names.map { "\($0)\n" }.joined()
            try OutputFiles.write(Array(names.utf8), to: directory + "/classes.txt")
        }
    }

    /// Adds a frame; returns where its image is, from the directory on, unless it is left out.
    func add(_ found: FoundFrame, _ payload: [UInt8]) throws -> String? {
        let frame = found.frame
        if form != nil, found.results.isEmpty || found.results.contains(where: \.hasFailed) {
            unlabelledCount += 1
            return nil
        }
        let name =
            FrameFiles.name(of: frame.id.stream) + "/" + FrameFiles.name(of: frame.id.place)
        let path = "images/\(name).\(FrameFiles.extension(of: frame.format))"
        try OutputFiles.makeDirectory(
            directory + "/images/" + FrameFiles.name(of: frame.id.stream)
        )
        try OutputFiles.write(payload, to: directory + "/" + path)
        try manifest.write(found.json(file: path) + "\n")
        try gallery.add(found.card(path: path))
        let detections = found.results.flatMap(\.detections)
        switch form {
        case .coco: try coco?.add(frame, path: path, detections)
        case .yolo:
            let lines = yoloLabels(detections, width: frame.width, height: frame.height, classes)
            try OutputFiles.makeDirectory(
                directory + "/labels/" + FrameFiles.name(of: frame.id.stream)
            )
            try OutputFiles.write(Array(lines.utf8), to: directory + "/labels/\(name).txt")
        case nil: break
        }
        return path
    }

    /// Writes the ends of the files.
    func finish() throws {
        try manifest.flush()
        try gallery.finish()
        try coco?.finish()
        if unlabelledCount > 0 {
            let (count, they) =
                unlabelledCount == 1
                ? ("1 frame is", "it") : ("\(Readable.count(unlabelledCount)) frames are", "them")
            note("\(count) left out: the run has failed on \(they), so that there are no labels")
        }
    }
}

extension FoundResult {
    /// Whether the run has failed on the frame.
    fileprivate var hasFailed: Bool { failure != nil }
}

extension FoundFrame {
    /// The frame in a gallery; a run other than the first has broken lines.
    func card(path: String) -> GalleryCard {
        let marks = results.enumerated().flatMap { index, result in
            result.detections.map { detection in
                GalleryCard.Mark(
                    box: detection.box,
                    text: detection.label,
                    detail: "\(detection.words), run \(result.group):\(result.run)",
                    hue: Gallery.hue(of: detection.label),
                    isDashed: index > 0
                )
            }
        }
        return GalleryCard(
            path: path,
            isShown: frame.format == .jpeg || frame.format == .png,
            width: frame.width,
            height: frame.height,
            title: "\(frame.id.stream) \(frame.id.sequence)",
            time: frame.capturedAt,
            lines: results.map { "\($0.group):\($0.run): \($0.words)" },
            marks: marks
        )
    }
}

extension FoundDetection {
    /// `person 0.93`.
    var words: String { "\(label) \(Readable.threeDigits(score))" }
}

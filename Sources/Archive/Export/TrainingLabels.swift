import ArgumentParser
import Foundation
import Recording
import Service

/// The forms of labels that programs which train models read.
enum TrainingLabels: String, ExpressibleByArgument, CaseIterable {
    /// One JSON file: https://cocodataset.org/#format-data.
    case coco
    /// A text file for each image: https://docs.ultralytics.com/datasets/detect/.
    case yolo
}

/// Numbers for the labels of a run: the same in every export of it.
struct LabelClasses {
    /// The labels, ascending; a label's number is its place, from 0.
    let names: [String]

    /// These labels.
    init(_ names: [String]) { self.names = names.sorted() }

    /// The labels that a run has ever found, or the one that is asked for.
    init(_ filter: Catalog.ResultFilter, _ catalog: CatalogReader) throws {
        if let label = filter.label {
            self.init([label])
            return
        }
        // From one label to the next along the index, instead of over all detections.
        let rows = try catalog.rows(
            """
            WITH RECURSIVE labels(label) AS (
                SELECT MIN(label) FROM detections UNION ALL
                SELECT (SELECT MIN(d.label) FROM detections d WHERE d.label > labels.label)
                FROM labels WHERE labels.label IS NOT NULL)
            SELECT label FROM labels WHERE label IS NOT NULL AND EXISTS (
                SELECT 1 FROM detections d
                WHERE d.label = labels.label AND +d.group_name = ? AND +d.run = ?)
            """,
            [.text(filter.group ?? ""), .integer(Int64(filter.run ?? 0))]
        )
        self.init(
            rows.compactMap { row in
                if case .text(let label)? = row.first { label } else { nil }
            }
        )
    }

    /// The number of a label.
    func number(of label: String) -> Int? { names.firstIndex(of: label) }
}

/// The text of one image's labels for YOLO: a line `CLASS X Y WIDTH HEIGHT` for each box, the middle
/// and the size of what of it is within the image, as shares of the image's sides.
///
/// Pure.
func yoloLabels(
    _ detections: [FoundDetection],
    width: Int,
    height: Int,
    _ classes: LabelClasses
) -> String {
    detections.compactMap { detection in
        let box = detection.box.clipped(toWidth: width, height: height)
        guard box.area > 0, let number = classes.number(of: detection.label) else { return nil }
        let shares = [
            (box.x + box.width / 2) / Double(width), (box.y + box.height / 2) / Double(height),
            box.width / Double(width), box.height / Double(height),
        ]
        return "\(number) \(shares.map { String(format: "%.6f", $0) }.joined(separator: " "))\n"
    }.joined()
}

/// A COCO file that grows with the images; the boxes wait in a file beside it for its end.
struct COCOFile: ~Copyable {
    private var file: OutputFile
    private var boxes: OutputFile
    private let classes: LabelClasses
    private var imageCount = 0
    private var boxCount = 0

    /// Begins the file.
    static func begin(
        _ path: String,
        description: String,
        _ classes: LabelClasses
    ) throws(Failure) -> COCOFile {
        let info = "{\"description\":\(JSONLine.string(description))}"
        let file = try OutputFile(path, "{\"info\":\(info),\n\"images\":[")
        return COCOFile(file, boxes: try OutputFile(path + ".part"), classes)
    }

    private init(
        _ file: consuming OutputFile,
        boxes: consuming OutputFile,
        _ classes: LabelClasses
    ) {
        self.file = file
        self.boxes = boxes
        self.classes = classes
    }

    /// Adds an image, whose path is relative to the file, with what was found on it.
    mutating func add(
        _ frame: SelectedFrame,
        path: String,
        _ detections: [FoundDetection]
    ) throws(Failure) {
        imageCount += 1
        let image = JSONLine.object(
            ["id", "file_name", "width", "height", "date_captured"],
            [
                .integer(Int64(imageCount)), .text(path), .integer(Int64(frame.width)),
                .integer(Int64(frame.height)), .text(frame.capturedAt),
            ]
        )
        try file.write((imageCount == 1 ? "\n" : ",\n") + image)
        for detection in detections {
            let box = detection.box.clipped(toWidth: frame.width, height: frame.height)
            guard box.area > 0, let number = classes.number(of: detection.label) else { continue }
            boxCount += 1
            try boxes.write(
                """
                \(boxCount == 1 ? "" : ",")
                {"id":\(boxCount),"image_id":\(imageCount),"category_id":\(number + 1),\
                "bbox":[\(box.x),\(box.y),\(box.width),\(box.height)],"area":\(box.area),\
                "iscrowd":0,"score":\(detection.score)}
                """
            )
        }
    }

    /// Writes the rest.
    mutating func finish() throws {
        try boxes.flush()
        try file.write("\n],\n\"annotations\":[")
        let handle = try FileHandle(forReadingFrom: URL(filePath: boxes.path))
        while let part = try handle.read(upToCount: 1 << 16), !part.isEmpty {
            try file.write(String(decoding: part, as: UTF8.self))
        }
        try handle.close()
        let categories = classes.names.enumerated().map { index, name in
            "{\"id\":\(index + 1),\"name\":\(JSONLine.string(name)),\"supercategory\":\"\"}"
        }
        try file.write("\n],\n\"categories\":[\n\(categories.joined(separator: ",\n"))\n]}\n")
        try file.flush()
        try FileManager.default.removeItem(atPath: boxes.path)
    }
}

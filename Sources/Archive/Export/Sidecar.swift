import Recording
import Wire

/// The JSON file beside an exported image: the frame's header, and all its results.
struct Sidecar {
    /// Where the results come from.
    let catalog: CatalogReader

    /// The file's text.
    ///
    /// - Parameters:
    ///   - id: The frame.
    ///   - header: Its header part, as the camera wrote it; `nil` when it is not kept.
    ///   - more: Lists of JSON objects that stand between the frame and its results, by name.
    /// - Returns: JSON.
    /// - Throws: What the catalog cannot answer.
    func text(
        of id: FrameID,
        header: [UInt8]?,
        _ more: KeyValuePairs<String, [String]> = [:]
    ) throws -> String {
        let frame = try header.map { try unsafe Frame(decoding: $0.span.bytes) }
        let results = try FoundResult.all(of: id, catalog).map(\.json)
        var text = "{\n  \"frame\": \(frame.map(Self.object) ?? Self.object(id)),\n"
        for (name, objects) in more {
            text += "  \(JSONLine.string(name)): \(Self.list(objects)),\n"
        }
        return text + "  \"results\": \(Self.list(results))\n}\n"
    }

    private static func list(_ objects: [String]) -> String {
        objects.isEmpty ? "[]" : "[\n    \(objects.joined(separator: ",\n    "))\n  ]"
    }

    private static func object(_ id: FrameID) -> String {
        JSONLine.object(["stream", "epoch", "sequence"], FoundResult.key(id))
    }

    private static func object(_ frame: Frame) -> String {
        var pairs = JSONLine.pairs(
            [
                "stream", "epoch", "sequence", "captured_at", "captured_ns", "format", "width",
                "height", "byte_count",
            ],
            FoundResult.key(frame.id) + [
                .text(Timestamp.text(frame.capturedAt)), .integer(frame.capturedAt),
                .text("\(frame.format)"), .integer(Int64(frame.width)),
                .integer(Int64(frame.height)), .integer(Int64(frame.byteCount)),
            ]
        )
        let hash = String(frame.payloadHash, radix: 16)
        pairs.append("\"xxh3\":\(JSONLine.string(hash))")
        if let parent = frame.parent { pairs.append("\"parent\":\(JSONLine.string("\(parent)"))") }
        return "{\(pairs.joined(separator: ","))}"
    }
}

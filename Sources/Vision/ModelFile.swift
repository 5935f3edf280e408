import Foundation

/// A model's file, read whole.
struct ModelFile {
    let path: String
    let bytes: [UInt8]

    init(path: String, advice: String = "check --model") throws(VisionError) {
        self.path = path
        guard FileManager.default.fileExists(atPath: path) else {
            throw .missing("the model file \(path) does not exist: \(advice)")
        }
        guard let data = FileManager.default.contents(atPath: path) else {
            throw .missing(
                "the model file \(path) cannot be read: is it a directory, or another's?"
            )
        }
        bytes = Array(data)
    }

    /// Whether `text` stands anywhere in the file, as the names of an ONNX graph's outputs do.
    func contains(_ text: String) -> Bool {
        Data(bytes).range(of: Data(text.utf8)) != nil
    }
}

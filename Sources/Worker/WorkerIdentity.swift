import Vision
import Wire

/// What every result of this worker says of its maker.
struct WorkerIdentity: Sendable {
    /// The worker's name.
    let name: String
    /// The model's name.
    let model: String
    /// XXH3-64 of the model's settings and file.
    let modelHash: UInt64

    init(name: String, model: Model) {
        self.name = name
        self.model = model.name
        modelHash = unsafe xxh3(model.identity.span.bytes)  // Any bits are a UInt8.
    }

    /// The model for people: its name, and the first digits of its hash.
    var summary: String {
        let digits = String(modelHash, radix: 16)
        return "\(model) \(String(repeating: "0", count: 16 - digits.count))\(digits)".prefix(
            model.count + 9
        ).description
    }
}

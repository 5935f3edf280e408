import Service

/// Shows how an export goes on.
struct ExportProgress {
    private var line = ProgressLine("export", unit: .frames)
    private let total: Int
    private var count = 0
    private var bytes = 0

    init(total: Int) { self.total = total }

    mutating func add(_ byteCount: Int) {
        count += 1
        bytes += byteCount
        line.show(UInt64(count), of: UInt64(total))
    }

    func end(_ verb: String, _ out: String, isQuiet: Bool) {
        line.end()
        if isQuiet { return }
        print("\(verb) \(Readable.count(count)) frames (\(Readable.bytes(bytes))) to \(out)")
    }
}

internal import CPlain
internal import Foundation
internal import Recording
internal import Wire
internal import ZeroMQ

/// An archive that is read as a replay reads it: frame by frame by its id, each checked and copied once.
struct Reading {
    private let stretch: Stretch
    private let directory: DataDirectory

    /// Writes the frames of `stretch` first.
    init(_ stretch: Stretch, in work: URL) throws {
        self.stretch = stretch
        directory = DataDirectory(path: work.appending(path: "read").path)
        // Opening reads the newest segment: a small one, so that nearly all is read as old segments are.
        _ = try stretch.fill(directory, segmentByteCount: 32 << 20)
    }

    func remove() throws { try FileManager.default.removeItem(atPath: directory.path) }

    /// Frames a second from the page cache.
    func warm() throws -> Double {
        _ = try read()
        return try read()
    }

    /// Frames a second from the disk.
    func cold() throws -> Double {
        try dropFromCache()
        return try read()
    }

    /// Opens the log, reads every frame, and closes it; the opening counts.
    private func read() throws -> Double {
        let start = ContinuousClock.now
        let opened = try LogWriter.open(directory, options: Log.Options())
        let log = opened.writer.log
        for sequence in 0..<stretch.frames {
            let id = FrameID(stream: "camera", epoch: 1, sequence: UInt64(sequence))
            guard let position = try log.nearPosition(of: id) ?? log.position(of: id) else {
                throw CocoaError(.fileReadCorruptFile)
            }
            let isGood = try log.withRecord(at: position) { bytes in
                guard case .good(.frame(let frame), let header) = CheckedRecord(bytes),
                    frame.id == id
                else { return false }
                let copy = try? Message(copying: bytes.extracting(droppingFirst: header))
                return copy?.byteCount == stretch.frameBytes
            }
            guard isGood == true else { throw CocoaError(.fileReadCorruptFile) }
        }
        return Double(stretch.frames) / ((ContinuousClock.now - start) / .seconds(1))
    }

    /// Frames a second in plain C, from memory.
    func plainly() -> Double {
        let values = [UInt8](repeating: 0x5A, count: stretch.frames * stretch.frameBytes)
        var sum: UInt = 0
        let took = unsafe zoetrope_plain_read(
            values,
            stretch.frameBytes,
            Int32(stretch.frames),
            &sum
        )
        precondition(sum != 0, "nothing was read")
        return Double(stretch.frames) / took * 1e9
    }

    /// Frames a second of `dd` on the same files.
    func dd() throws -> Double {
        try dropFromCache()
        let start = ContinuousClock.now
        for path in files {
            let process = Process()
            process.executableURL = URL(filePath: "/bin/dd")
            process.arguments = ["if=\(path)", "of=/dev/null", "bs=1M", "status=none"]
            try process.run()
            process.waitUntilExit()
        }
        return Double(stretch.frames) / ((ContinuousClock.now - start) / .seconds(1))
    }

    private var files: [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: directory.log)) ?? []
        return names.filter { $0.hasSuffix(".mdb") }.map { directory.log + "/" + $0 }
    }

    private func dropFromCache() throws {
        for path in files {
            let resident = zoetrope_drop_from_cache(path)
            // Some pages may be under way to the disk still.
            guard resident >= 0, resident < 64 else {
                print("\(path): \(resident) pages stay in memory")
                throw CocoaError(.fileReadUnknown)
            }
        }
    }
}

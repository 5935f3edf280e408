internal import CLinux
internal import Glibc

/// Says what of the log the system need not hold in memory any more.
///
/// Left alone, a log fills all memory with files that hardly anybody reads again, at the cost of what other
/// programs had there, and takes a fresh page for each that it writes. With a bound it writes into the same
/// pages over and over. What was given back is read from the disk when it is wanted.
struct CacheTrail {
    /// Bytes of a file that are to be given back.
    struct Piece: Equatable {
        let path: String
        let range: Range<Int>
    }

    private struct File {
        let path: String
        var written = 0
        /// What lies before this was given back.
        var released = 0
    }

    private let limit: Int
    private let pieceByteCount: Int
    /// The files that have something left, in the order they were written.
    private var files: [File] = []

    /// Nothing has been written yet.
    ///
    /// - Parameters:
    ///   - limit: Bytes of what was written last that stay in memory.
    ///   - pieceByteCount: Bytes given back at a time.
    init(limit: Int, pieceByteCount: Int = 64 << 20) {
        self.limit = limit
        self.pieceByteCount = pieceByteCount
    }

    /// A new file is written to from now on.
    mutating func begin(_ path: String) { files.append(File(path: path)) }

    /// The file begun last has been written up to a length.
    ///
    /// - Parameter length: Its bytes, which never get fewer.
    /// - Returns: What to give back now; `nil` when that is less than a piece. Ask again until then.
    mutating func advance(to length: Int) -> Piece? {
        guard !files.isEmpty else { return nil }
        files[files.count - 1].written = length
        if files.count > 1, files[0].released == files[0].written {
            let file = files.removeFirst()
            // What was mapped when its turn came has stayed; a file that is done is hardly ever mapped.
            return Piece(path: file.path, range: 0..<file.written)
        }
        let excess = files.reduce(-limit) { $0 + $1.written - $1.released }
        guard excess >= pieceByteCount else { return nil }
        let file = files[0]
        let end = min(file.written, file.released + pieceByteCount)
        files[0].released = end
        return Piece(path: file.path, range: file.released..<end)
    }
}

extension CacheTrail.Piece {
    /// Gives it back; bytes that are not on the disk yet stay.
    ///
    /// Nothing depends on it: a file that is gone has nothing in memory either.
    func release() {
        withDescriptor {
            _ = posix_fadvise($0, off_t(range.lowerBound), off_t(range.count), POSIX_FADV_DONTNEED)
        }
    }

    /// Begins to write it to the disk.
    func startWriting() {
        withDescriptor {
            linux_start_writing($0, off_t(range.lowerBound), off_t(range.count))
        }
    }

    private func withDescriptor(_ body: (Int32) -> Void) {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        body(descriptor)
        close(descriptor)
    }
}

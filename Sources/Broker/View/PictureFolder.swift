import Service
import Wire

#if canImport(Glibc)
import Glibc
#endif

/// Frames as files under one directory; each appears whole, by rename, or not at all.
struct PictureFolder {
    /// The directory.
    let path: String
    /// Whether there is one file for each stream, of its newest frame.
    let keepsLatest: Bool

    /// The directory at `path`, made if missing.
    ///
    /// - Throws: A ``Failure`` when nothing can be written there.
    init(_ path: String, keepsLatest: Bool) throws(Failure) {
        self.path = path
        self.keepsLatest = keepsLatest
        try Self.make(path, as: path)
        // Names of the system's own file systems can be there and refuse whatever is written.
        guard unsafe access(path, W_OK | X_OK) == 0 else { throw Self.unwritable(path) }
    }

    /// Writes a frame.
    ///
    /// - Parameters:
    ///   - frame: What it is.
    ///   - payload: Its payload, whose length is right.
    /// - Returns: The file's path.
    /// - Throws: A ``Failure`` that names what cannot be written, and why.
    func save(_ frame: Frame, _ payload: RawSpan) throws(Failure) -> String {
        let stream = path + "/" + FrameFiles.name(of: frame.id.stream)
        let name: String
        if keepsLatest {
            name = stream
        } else {
            try Self.make(stream, as: path)
            name = stream + "/" + FrameFiles.name(of: frame.id.place)
        }
        let file = name + "." + Picture.fileExtension(of: frame.format)
        // Of this process alone, so that two viewers of one stream write no file together.
        let unfinished = file + ".\(getpid()).part"
        if let image = Picture.portable(frame, payload) {
            try unsafe Self.write(image.span.bytes, to: unfinished)
        } else {
            try Self.write(payload, to: unfinished)
        }
        guard unsafe rename(unfinished, file) == 0 else {
            let failure = Self.unwritable(file)
            unsafe unlink(unfinished)
            throw failure
        }
        return file
    }

    private static func write(_ bytes: RawSpan, to file: String) throws(Failure) {
        let descriptor = unsafe open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw unwritable(file) }
        let isWritten = unsafe bytes.withUnsafeBytes { bytes in
            var rest = unsafe bytes[...]
            while unsafe !rest.isEmpty {
                let part = unsafe UnsafeRawBufferPointer(rebasing: rest)
                let count = unsafe Glibc.write(descriptor, part.baseAddress, part.count)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { return false }
                unsafe rest = rest.dropFirst(count)
            }
            return true
        }
        guard isWritten else {
            let failure = unwritable(file)
            close(descriptor)
            unsafe unlink(file)
            throw failure
        }
        close(descriptor)
    }

    /// Makes a directory and those above it.
    private static func make(_ path: String, as named: String) throws(Failure) {
        var made = path.hasPrefix("/") ? "/" : ""
        for name in path.split(separator: "/") {
            made += name + "/"
            let isThere = unsafe mkdir(made, 0o755) == 0 || errno == EEXIST
            guard isThere else { throw unwritable(named) }
        }
        // What is there may be something else than a directory.
        let descriptor = unsafe open(made.isEmpty ? "." : made, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw unwritable(named) }
        close(descriptor)
    }

    /// What the last call has failed with.
    private static func unwritable(_ path: String) -> Failure {
        let reason = unsafe String(cString: strerror(errno))
        return Failure(
            .general,
            "\(path) cannot be written: \(reason.lowercased()); choose another --out, or make room"
        )
    }
}

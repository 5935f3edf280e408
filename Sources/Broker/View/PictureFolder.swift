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
        try OutputFiles.makeDirectory(path)
        // Names of the system's own file systems can be there and refuse whatever is written.
        guard unsafe access(path, W_OK | X_OK) == 0 else { throw OutputFiles.unwritable(path) }
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
            try OutputFiles.makeDirectory(stream)
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
            let failure = OutputFiles.unwritable(file)
            unsafe unlink(unfinished)
            throw failure
        }
        return file
    }

    /// Writes a file, or nothing.
    private static func write(_ bytes: RawSpan, to file: String) throws(Failure) {
        do throws(Failure) {
            try OutputFiles.write(bytes, to: file)
        } catch {
            unsafe unlink(file)
            throw error
        }
    }
}

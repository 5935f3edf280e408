package import Imaging

#if canImport(Glibc)
internal import Glibc
#endif

/// Finds things in images.
///
/// One instance belongs to one thread.
package protocol Detector: AnyObject {
    /// What it is, and what it was made from.
    var model: Model { get }

    /// Searches one image.
    ///
    /// - Parameter image: BGR or grey, of any size.
    /// - Returns: What was found, best first, with boxes inside the image.
    /// - Throws: ``ImagingError`` when OpenCV fails on this image.
    func detect(in image: borrowing Image) throws(ImagingError) -> [Detection]
}

/// Says which model made a result.
package struct Model: Sendable, Equatable {
    /// A name for people, such as `faces-yunet`.
    package let name: String
    /// What a hash of the model is to be made of: its settings as text, a zero byte, its file.
    package let identity: [UInt8]

    init(name: String, settings: String, file: [UInt8] = []) {
        self.name = name
        identity = Array(settings.utf8) + [0] + file
    }
}

/// Which detector a worker is to use; makes one for each thread.
package struct DetectorChoice: Sendable, Equatable {
    /// What to look for.
    package enum Kind: String, Sendable, CaseIterable {
        /// Label `face`: a cascade by default, YuNet with a model file.
        case faces
        /// Label `person`: OpenCV's people finder.
        case people
        /// Finds nothing; for tests and measurements.
        case none
    }

    /// What to look for.
    package var kind: Kind
    /// For faces: a YuNet `.onnx` file, or a cascade's `.xml` file.
    package var modelPath: String?
    /// Lowest score to report, 0 to 1; `nil` leaves it to the detector.
    package var minimumScore: Float?
    /// For none: how long each image takes.
    package var workTime: Duration

    /// Puts the parts together.
    package init(
        kind: Kind,
        modelPath: String? = nil,
        minimumScore: Float? = nil,
        workTime: Duration = .zero
    ) {
        self.kind = kind
        self.workTime = workTime
        self.modelPath = modelPath
        self.minimumScore = minimumScore
    }

    /// Makes a detector for the calling thread.
    ///
    /// - Returns: A detector that has been tried once, where trying is needed to know.
    /// - Throws: ``VisionError`` with a sentence about the file.
    package func makeDetector() throws(VisionError) -> any Detector {
        switch kind {
        case .none:
            return NoDetector(workTime: workTime)
        case .people:
            guard modelPath == nil else {
                throw .unusable("the people detector takes no model file: leave --model out")
            }
            return try PeopleHOG(minimumScore: minimumScore)
        case .faces:
            guard let modelPath else { return try FacesCascade(minimumScore: minimumScore) }
            if modelPath.lowercased().hasSuffix(".xml") {
                return try FacesCascade(path: modelPath, minimumScore: minimumScore)
            }
            return try FacesYuNet(path: modelPath, minimumScore: minimumScore)
        }
    }
}

/// Finds nothing, and takes its time for that: in place of a model whose speed is known.
final class NoDetector: Detector {
    let model = Model(name: "none", settings: "none")
    private let workTime: Duration

    init(workTime: Duration) { self.workTime = workTime }

    func detect(in image: borrowing Image) throws(ImagingError) -> [Detection] {
        guard workTime > .zero else { return [] }
        let (seconds, attoseconds) = workTime.components
        let time = timespec(tv_sec: Int(seconds), tv_nsec: Int(attoseconds / 1_000_000_000))
        unsafe nanosleep([time], nil)
        return []
    }
}

internal import Foundation
internal import ZeroMQ

/// Where the control socket of a data directory is.
final class ControlEndpoint: Sendable {
    /// For a socket to bind or connect to.
    let endpoint: String
    private let descriptor: Int32

    /// A Unix socket's path may have 107 bytes; a longer one is reached through `/proc`.
    private static let pathLimit = 107

    init(_ directory: DataDirectory) throws(RecordingError) {
        if directory.control.utf8.count <= Self.pathLimit {
            descriptor = -1
            endpoint = "ipc://" + directory.control
            return
        }
        descriptor = unsafe open(directory.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw RecordingError(.missing, "\(directory.path) cannot be opened: \(lastError())")
        }
        endpoint = "ipc:///proc/self/fd/\(descriptor)/control"
    }

    deinit { if descriptor >= 0 { close(descriptor) } }
}

/// JSON as both ends of the control socket write it.
enum ControlCoding {
    static func encode(_ value: some Encodable) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: "inf",
            negativeInfinity: "-inf",
            nan: "nan"
        )
        return (try? encoder.encode(value)).map(Array.init) ?? []
    }

    static func decode<Value: Decodable>(_ type: Value.Type, _ bytes: [UInt8]) -> Value? {
        try? JSONDecoder().decode(type, from: Data(bytes))
    }
}

extension RecordingError {
    /// What a failing libzmq call means for the control socket.
    static func control(_ error: ZeroMQError, _ directory: DataDirectory) -> RecordingError {
        RecordingError(.failed, "the socket \(directory.control) does not work: \(error.reason)")
    }
}

import CZeroMQ

#if canImport(Glibc)
import Glibc
#endif

/// A libzmq call failed.
package struct ZeroMQError: Error, Equatable, CustomStringConvertible {
    /// The `zmq_errno()` value, such as `EADDRINUSE`.
    package let code: Int32
    /// The C function that failed, such as `"zmq_bind"`.
    package let operation: StaticString

    package static func == (left: Self, right: Self) -> Bool {
        left.code == right.code && left.operation.description == right.operation.description
    }

    /// What went wrong, in libzmq's words and without the code: "Address already in use".
    package var reason: String {
        // libzmq itself never says this of an endpoint.
        if code == ERANGE { return "there is no port above 65535" }
        return unsafe String(cString: zmq_strerror(code))
    }

    package var description: String { "\(operation): \(reason) (errno \(code))" }

    /// Whether somebody else is bound to the endpoint.
    package var isAddressInUse: Bool { code == EADDRINUSE }

    /// Whether what was given as an endpoint is none, wherever it is tried.
    package var isNoEndpoint: Bool {
        code == EINVAL || code == ERANGE || code == EPROTONOSUPPORT || code == ENOCOMPATPROTO
    }

    /// Whether a call was cut short by a signal and may simply be made again.
    var isInterruption: Bool { code == EINTR }

    /// Reads `zmq_errno()` before any other call can overwrite it.
    static func last(_ operation: StaticString) -> ZeroMQError {
        ZeroMQError(code: zmq_errno(), operation: operation)
    }

    /// Throws unless `result` is non-negative, libzmq's success convention.
    @discardableResult
    static func check(_ result: Int32, _ operation: StaticString) throws(ZeroMQError) -> Int32 {
        guard result >= 0 else { throw .last(operation) }
        return result
    }
}

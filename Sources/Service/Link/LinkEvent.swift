package import Wire

/// What ``Link/next(until:wantsToSend:)`` came back with.
package enum LinkEvent: ~Copyable {
    /// A session is open; also when the broker changes the settings of an open one.
    case connected(Welcome)
    /// A message of the session.
    case message(Parts)
    /// The session is over; the link connects again by itself.
    case lost(String)
    /// The broker does not want us, and why. The link tries again by itself: end it, or go on.
    case refused(ErrorMessage)
    /// The broker found something wrong and the session goes on.
    case warned(ErrorMessage)
    /// There is room to send; only when asked for.
    case writable
    /// Another thread rang ``Link/wakeUp``.
    case woken
    /// The process is to stop; said once. Receiving and sending go on until the link is closed.
    case stopped
    /// The deadline has passed.
    case timedOut
}

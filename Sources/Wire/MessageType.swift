/// The type byte of a header.
///
/// What each message says, and who sends it to whom, is on the type of the same name.
package enum MessageType: UInt8, Sendable, CaseIterable {
    // Sessions.
    case hello = 1
    case welcome = 2
    case error = 3
    case heartbeat = 4
    case goodbye = 5
    case memory = 6
    case sharedPayload = 7
    case bundle = 8

    // Cameras.
    case frame = 16
    case ack = 17
    case gap = 18

    // Workers.
    case deliver = 32
    case result = 33

    // The archive.
    case committed = 48
    case fetch = 49
    case fetched = 50
    case end = 51
    case stream = 52
    case group = 53
    case debt = 54
    case ready = 55
    case dead = 56

    // The log alone.
    case checkpoint = 64
    case job = 65
    case owed = 66
    case order = 67
    case stretch = 68
    case stub = 69
    case begun = 70

    // Events.
    case status = 80
    case streamStatus = 81
    case groupStatus = 82
    case workerStatus = 83
}

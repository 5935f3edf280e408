internal import Wire

/// What one measurement is made of.
struct Shape: Hashable {
    /// Cameras, each with a stream.
    var streams = 16
    /// Groups, each of which sees all streams.
    var groups = 1
    /// Workers of each group.
    var workers = 4
    /// Frames that wait in each group all the time.
    var queued = 0
    /// What the groups do with what they cannot keep up with.
    var policy = GroupDefinition.Policy.queue
    /// Who gets which stream.
    var order = GroupDefinition.Order.any
}

package import Wire

extension MessageType {
    /// The Swift type of the message.
    package var message: any WireMessage.Type {
        switch self {
        case .hello: Hello.self
        case .welcome: Welcome.self
        case .error: ErrorMessage.self
        case .heartbeat: Heartbeat.self
        case .goodbye: Goodbye.self
        case .memory: Memory.self
        case .sharedPayload: SharedPayload.self
        case .bundle: Bundle.self
        case .frame: Frame.self
        case .ack: Ack.self
        case .gap: Gap.self
        case .deliver: Deliver.self
        case .result: Wire.Result.self
        case .committed: Committed.self
        case .fetch: Fetch.self
        case .fetched: Fetched.self
        case .end: End.self
        case .stream: StreamState.self
        case .group: GroupDefinition.self
        case .debt: Debt.self
        case .ready: Ready.self
        case .dead: DeadLetter.self
        case .checkpoint: Checkpoint.self
        case .job: Job.self
        case .owed: Owed.self
        case .order: Order.self
        case .stretch: Stretch.self
        case .stub: Stub.self
        case .begun: Begun.self
        case .status: Status.self
        case .streamStatus: StreamStatus.self
        case .groupStatus: GroupStatus.self
        case .workerStatus: WorkerStatus.self
        }
    }
}

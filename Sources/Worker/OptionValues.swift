import ArgumentParser
import Vision
import Wire

extension DetectorChoice.Kind: ExpressibleByArgument {}

/// `--policy`.
enum Policy: String, CaseIterable, ExpressibleByArgument {
    case latest, queue, durable

    var wish: GroupDefinition.Policy {
        switch self {
        case .latest: .latest
        case .queue: .queue
        case .durable: .durable
        }
    }
}

/// `--order`.
enum Order: String, CaseIterable, ExpressibleByArgument {
    case any, stream

    var wish: GroupDefinition.Order {
        switch self {
        case .any: .any
        case .stream: .stream
        }
    }
}

/// `--start`.
enum Start: String, CaseIterable, ExpressibleByArgument {
    case now, beginning

    var wish: GroupDefinition.Start {
        switch self {
        case .now: .now
        case .beginning: .beginning
        }
    }
}

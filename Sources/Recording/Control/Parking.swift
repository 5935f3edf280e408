/// Requests that wait until the catalog has come to a position, or long enough.
///
/// Pure. Each request is taken out exactly once, by one look at one moment.
struct Parking<Request> {
    private struct Place {
        let request: Request
        let position: UInt64
        let deadline: ContinuousClock.Instant
    }

    private var places: [Place] = []

    /// Whether nobody waits.
    var isEmpty: Bool { places.isEmpty }

    /// How many wait.
    var count: Int { places.count }

    /// Adds a request that waits until everything before `position` is there.
    mutating func add(
        _ request: Request,
        until position: UInt64,
        orAt deadline: ContinuousClock.Instant
    ) {
        places.append(Place(request: request, position: position, deadline: deadline))
    }

    /// Takes out those whose wait is over, in the order in which they came, and whether it was for
    /// nothing.
    mutating func takeOver(
        at cataloged: UInt64,
        now: ContinuousClock.Instant
    ) -> [(request: Request, isReady: Bool)] {
        var over: [(request: Request, isReady: Bool)] = []
        var rest: [Place] = []
        for place in places {
            let isReady = cataloged >= place.position
            if isReady || now >= place.deadline {
                over.append((place.request, isReady))
            } else {
                rest.append(place)
            }
        }
        places = rest
        return over
    }
}

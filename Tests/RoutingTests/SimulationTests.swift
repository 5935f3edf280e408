import Routing
import Testing
import Wire

/// Random worlds, each from a seed that is printed when it fails.
@Suite struct SimulationTests {
    private static let groups = [
        GroupDefinition(name: "durable", policy: .durable),
        GroupDefinition(name: "late", patterns: ["camera/1"], policy: .durable, start: .beginning),
        GroupDefinition(name: "queue", policy: .queue),
        GroupDefinition(name: "ordered", policy: .durable, order: .stream),
        GroupDefinition(name: "latest", patterns: ["camera/*"], policy: .latest),
    ]

    @Test(arguments: 0..<60 as Range<UInt64>)
    func whateverHappensNothingIsLostOrDoneTwice(seed: UInt64) {
        var world = World(seed: seed, groups: Self.groups)
        for _ in 0..<1_000 where world.failures.isEmpty { world.step() }
        if world.failures.isEmpty { world.settle() }
        check(&world)
        #expect(world.failures.prefix(3) == [], "seed \(seed)")
    }

    private func check(_ world: inout World) {
        for camera in world.cameras {
            let kept = Set((world.archive.frames[camera.stream] ?? []).map(\.id))
            for id in camera.archived where !kept.contains(id) {
                world.fail("\(id) was acknowledged as archived but is not there")
            }
        }
        for (key, places) in world.archive.completions {
            let keepsDebt =
                key.run.number > 0 || ["durable", "late", "ordered"].contains(key.run.group)
            if keepsDebt, Set(places).count != places.count {
                world.fail("\(key) has two results for one frame")
            }
        }
        for (key, places) in world.archive.selected where world.failures.isEmpty {
            let done = (world.archive.completions[key] ?? []) + (world.archive.dead[key] ?? [])
            if Set(done) != places || done.count != places.count {
                world.fail("\(key) was to see \(places.count) frames and saw \(done.count)")
            }
        }
    }
}

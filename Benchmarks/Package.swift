// swift-tools-version: 6.2
import PackageDescription

// A package of its own, so that nobody who builds Zoetrope needs what is measured beside it. `package` declarations are
// visible within one package only: the rooms under measurement lie here as links to their sources.

let strict: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .strictMemorySafety(),
]

let package = Package(
    name: "zoetrope-benchmarks",
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0")
    ],
    targets: [
        .executableTarget(
            name: "RoutingBenchmark",
            dependencies: [
                "Routing", "Wire", "CAllocations",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: strict
        ),
        .target(name: "Routing", dependencies: ["Wire"], swiftSettings: strict),
        .target(
            name: "Wire",
            dependencies: ["CXXHash"],
            swiftSettings: strict + [.enableExperimentalFeature("Lifetimes")]
        ),
        .systemLibrary(name: "CXXHash", providers: [.apt(["libxxhash-dev"])]),
        .target(name: "CAllocations"),
    ],
    swiftLanguageModes: [.v6]
)

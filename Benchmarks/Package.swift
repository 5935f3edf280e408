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
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.1.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.0.0"),
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
        .executableTarget(
            name: "ArchiveBenchmark",
            dependencies: [
                "Recording", "LMDB", "Service", "Wire", "ZeroMQ", "CPlain",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: strict
        ),
        .target(
            name: "Recording",
            dependencies: [
                "Wire", "LMDB", "Service", "ZeroMQ",
                .product(name: "DequeModule", package: "swift-collections"),
                .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "GRDBSQLite", package: "GRDB.swift"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: strict
        ),
        .target(
            name: "Service",
            dependencies: [
                "Wire", "ZeroMQ", "SharedMemory", "CLinux",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: strict
        ),
        .target(name: "ZeroMQ", dependencies: ["CZeroMQ", "CLinux"], swiftSettings: strict),
        .target(name: "SharedMemory", dependencies: ["CLinux"], swiftSettings: strict),
        .target(name: "LMDB", dependencies: ["CLMDB"], swiftSettings: strict),
        .target(name: "Routing", dependencies: ["Wire"], swiftSettings: strict),
        .target(
            name: "Wire",
            dependencies: ["CXXHash"],
            swiftSettings: strict + [.enableExperimentalFeature("Lifetimes")]
        ),
        .systemLibrary(name: "CXXHash", providers: [.apt(["libxxhash-dev"])]),
        .systemLibrary(name: "CZeroMQ", providers: [.apt(["libzmq3-dev"])]),
        .systemLibrary(name: "CLinux"),
        .systemLibrary(name: "CLMDB", providers: [.apt(["liblmdb-dev"])]),
        .target(name: "CAllocations"),
        .target(
            name: "CPlain",
            linkerSettings: [.linkedLibrary("lmdb"), .linkedLibrary("xxhash")]
        ),
    ],
    swiftLanguageModes: [.v6]
)

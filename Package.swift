// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .strictMemorySafety(),
    // For what lends its bytes as a span.
    .enableExperimentalFeature("Lifetimes"),
]

let arguments: Target.Dependency = .product(
    name: "ArgumentParser",
    package: "swift-argument-parser"
)
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let histogram: Target.Dependency = .product(name: "Histogram", package: "hdrhistogram-swift")
let deque: Target.Dependency = .product(name: "DequeModule", package: "swift-collections")
let grdb: Target.Dependency = .product(name: "GRDB", package: "GRDB.swift")
// The same SQLite, for the connection whose authorizer is not GRDB's.
let sqlite: Target.Dependency = .product(name: "GRDBSQLite", package: "GRDB.swift")

/// One room of the house: `Sources/<name>`.
func room(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

/// A program: `Sources/<name>`, whose product is its name in lower case.
func program(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .executableTarget(name: name, dependencies: dependencies, swiftSettings: strict)
}

/// The tests of a room: `Tests/<name>`.
func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: dependencies, swiftSettings: strict)
}

let package = Package(
    name: "zoetrope",
    products: [
        .executable(name: "broker", targets: ["Broker"]),
        .executable(name: "camera", targets: ["Camera"]),
        .executable(name: "worker", targets: ["Worker"]),
        .executable(name: "archive", targets: ["Archive"]),
        .executable(name: "bench", targets: ["Bench"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.1.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.0.0"),
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", from: "0.2.0"),
    ],
    targets: [
        // Executables: options and wiring.
        program(
            "Broker",
            ["Routing", "Wire", "ZeroMQ", "SharedMemory", "Service", arguments, logging]
        ),
        program("Camera", ["Capture", "Wire", "Service", "ZeroMQ", arguments, logging]),
        program("Worker", ["Vision", "Imaging", "Wire", "Service", "ZeroMQ", arguments, logging]),
        program("Archive", ["Recording", "Wire", "Service", arguments, logging]),
        program(
            "Bench",
            ["Capture", "Imaging", "Wire", "Service", "ZeroMQ", histogram, arguments, logging]
        ),

        // What Zoetrope is.
        room("Routing", ["Wire"]),
        room(
            "Recording",
            ["Wire", "LMDB", "Service", "ZeroMQ", "CLinux", deque, grdb, sqlite, logging]
        ),
        room("Capture", ["Wire", "Imaging", deque]),
        room("Vision", ["Imaging"]),
        room("Service", ["Wire", "ZeroMQ", "SharedMemory", "CLinux", arguments, logging]),
        room("Wire", ["CXXHash"]),

        // Safe Swift, each over one C library.
        room("ZeroMQ", ["CZeroMQ", "CLinux"]),
        room("SharedMemory", ["CLinux"]),
        room("LMDB", ["CLMDB"]),
        room("Imaging", ["OpenCVShim"]),
        .target(
            name: "OpenCVShim",
            // Not `pkgConfig: "opencv4"`: that links all of OpenCV's 55 libraries.
            cxxSettings: [.unsafeFlags(["-isystem", "/usr/include/opencv4"])],
            linkerSettings: ["core", "imgproc", "imgcodecs", "videoio", "objdetect"].map {
                .linkedLibrary("opencv_\($0)")
            }
        ),

        // No `pkgConfig:`: the headers lie on the include path and module maps do the linking.
        .systemLibrary(name: "CZeroMQ", providers: [.apt(["libzmq3-dev"])]),
        .systemLibrary(name: "CLinux"),
        .systemLibrary(name: "CLMDB", providers: [.apt(["liblmdb-dev"])]),
        .systemLibrary(name: "CXXHash", providers: [.apt(["libxxhash-dev"])]),

        tests("WireTests", ["Fuzzing", "Wire", "TestSupport"]),
        tests("RoutingTests", ["Fuzzing", "Routing", "Simulation", "Wire", "TestSupport"]),
        tests(
            "RecordingTests",
            ["Recording", "Service", "Wire", "ZeroMQ", "TestSupport", logging, grdb]
        ),
        tests("CaptureTests", ["Capture", "Imaging", "Wire", "TestSupport"]),
        tests("VisionTests", ["Vision", "Imaging", "TestSupport"]),
        tests("BrokerTests", ["Broker", "Routing", "Wire", "ZeroMQ", "Service"]),
        tests("ArchiveTests", ["Archive", "Recording", "Wire", "TestSupport", grdb, arguments]),
        tests("BenchTests", ["Bench", "Capture", "Service", "Wire", "ZeroMQ", logging]),
        tests("WorkerTests", ["Worker", "Vision", "Imaging", "Wire", "Service", "ZeroMQ"]),
        tests("ServiceTests", ["Service", "Wire", "ZeroMQ", "TestSupport"]),
        tests("ZeroMQTests", ["ZeroMQ"]),
        tests("SharedMemoryTests", ["SharedMemory"]),
        tests("LMDBTests", ["LMDB", "TestSupport"]),
        tests("ImagingTests", ["Imaging", "TestSupport"]),
        tests(
            "SystemTests",
            [
                "Wire", "ZeroMQ", "SharedMemory", "Imaging", "TestSupport", "Broker", "Camera",
                "Worker", "Archive",
            ]
        ),
        // The broker's decisions in seeded worlds: a part of the tests, and a program of its own.
        .target(
            name: "Simulation",
            dependencies: ["Routing", "Recording", "Wire"],
            path: "Tests/Simulation",
            swiftSettings: strict
        ),
        .executableTarget(
            name: "Simulate",
            dependencies: ["Simulation", arguments],
            path: "Tests/Simulate",
            swiftSettings: strict
        ),
        // What `Fuzz` gives arbitrary bytes to, and the tests its corpus.
        .target(
            name: "Fuzzing",
            dependencies: ["Routing", "Wire"],
            path: "Tests/Fuzzing",
            swiftSettings: strict
        ),
        .target(
            name: "TestSupport",
            dependencies: ["Wire"],
            path: "Tests/Support",
            swiftSettings: strict
        ),
    ],
    swiftLanguageModes: [.v6],
    cxxLanguageStandard: .cxx17
)

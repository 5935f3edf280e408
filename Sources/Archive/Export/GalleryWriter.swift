import Service

/// Writes a gallery card by card, a new page now and then.
struct GalleryWriter: ~Copyable {
    /// Cards of a page: what a browser shows without effort.
    static let pageLimit = 200

    private let directory: String
    private let title: String
    private let legend: [(words: String, hue: Int)]
    private var page: OutputFile
    private var number = 1
    private var count = 0

    /// Begins `directory`/index.html.
    init(
        to directory: String,
        title: String,
        legend: [(words: String, hue: Int)] = []
    ) throws(Failure) {
        self.directory = directory
        self.title = title
        self.legend = legend
        page = try OutputFile(
            directory + "/" + Gallery.fileName(page: 1),
            Gallery.head(title: title, legend: legend, page: 1)
        )
    }

    /// Adds a card.
    mutating func add(_ card: GalleryCard) throws(Failure) {
        if count == Self.pageLimit {
            try finish(hasNext: true)
            number += 1
            count = 0
            page = try OutputFile(
                directory + "/" + Gallery.fileName(page: number),
                Gallery.head(title: title, legend: legend, page: number)
            )
        }
        count += 1
        try page.write(Gallery.card(card))
    }

    /// Ends the last page.
    mutating func finish() throws(Failure) { try finish(hasNext: false) }

    private mutating func finish(hasNext: Bool) throws(Failure) {
        try page.write(Gallery.foot(page: number, hasNext: hasNext))
        try page.flush()
    }
}

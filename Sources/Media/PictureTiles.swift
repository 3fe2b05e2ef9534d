/// Small pictures of a stretch of time side by side in one: row by row, the earliest first.
package struct PictureTiles: Codable, Sendable, Hashable {
    /// Of one picture.
    package var width: UInt16
    package var height: UInt16
    package var columns: UInt8
    package var rows: UInt8

    /// Picture elements of all of them: two million.
    package static let mostElements = 2_097_152
    package static let mostPictures = 100

    package init(width: UInt16, height: UInt16, columns: UInt8 = 1, rows: UInt8 = 1) {
        self.width = width
        self.height = height
        self.columns = columns
        self.rows = rows
    }

    package var count: Int { Int(columns) * Int(rows) }
    /// Of all of them together.
    package var sheetWidth: Int { Int(width) * Int(columns) }
    package var sheetHeight: Int { Int(height) * Int(rows) }

    /// Whether everybody can make it and read it: lines of whole blocks, an even number of them, and bounds on all.
    package var isPossible: Bool {
        width > 0 && height > 0 && width % 16 == 0 && height % 2 == 0 && (1...Self.mostPictures).contains(count)
            && sheetWidth <= 16_384 && sheetHeight <= 16_384 && sheetWidth * sheetHeight <= Self.mostElements
    }
}

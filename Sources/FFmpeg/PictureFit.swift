import CFFmpeg

/// Brings pictures to one size as large as they fit, in the middle of black. Not thread-safe.
package struct PictureFit: ~Copyable {
    private let width: Int
    private let height: Int
    private var scaler: Scaler?
    /// What the scaler makes.
    private var inner = (width: 0, height: 0)

    /// - Parameters: width, height: even, at least 2.
    package init(width: Int, height: Int) {
        self.width = width
        self.height = height
    }

    /// The picture in yuv420p with square pixels.
    package mutating func fit(_ picture: Frame) throws(FFmpegError) -> Frame {
        guard picture.width > 0, picture.height > 0 else {
            throw FFmpegError(code: sluice_averror_einval, during: .scale)
        }
        let aspect = picture.pointer.pointee.sample_aspect_ratio
        let isSquare = aspect.num <= 0 || aspect.den <= 0
        // As it is meant to be seen.
        let (wide, high) = (
            picture.width * (isSquare ? 1 : Int(aspect.num)), picture.height * (isSquare ? 1 : Int(aspect.den))
        )
        let isWide = Int128(wide) * Int128(height) > Int128(high) * Int128(width)
        let fitWidth = isWide ? width : min(max(Self.scaled(wide, height, high) & ~1, 2), width)
        let fitHeight = isWide ? min(max(Self.scaled(high, width, wide) & ~1, 2), height) : height
        if scaler == nil || inner != (fitWidth, fitHeight) {
            scaler = Scaler(width: fitWidth, height: fitHeight)
            inner = (fitWidth, fitHeight)
        }
        guard let scaled = try scaler?.scale(picture) else { return picture }
        if inner == (width, height) { return scaled }
        let frame = try StillPicture.black(width: width, height: height)
        try check(av_frame_copy_props(frame.pointer, scaled.pointer), .scale)
        let (left, top) = ((width - fitWidth) / 4 * 2, (height - fitHeight) / 4 * 2)
        for plane in 0..<3 {
            let shift = plane == 0 ? 0 : 1
            let (source, sourceStride) = scaled.plane(plane)
            let (target, targetStride) = frame.plane(plane)
            guard let source, let target else { continue }
            for row in 0..<fitHeight >> shift {
                (target + ((top >> shift) + row) * targetStride + (left >> shift))
                    .update(from: source + row * sourceStride, count: fitWidth >> shift)
            }
        }
        return frame
    }

    private static func scaled(_ value: Int, _ numerator: Int, _ denominator: Int) -> Int {
        Int(clamping: Int128(value) * Int128(numerator) / Int128(denominator))
    }
}

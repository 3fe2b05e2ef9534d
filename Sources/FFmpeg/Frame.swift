import CFFmpeg

/// A decoded picture or block of sound. Shared freely between threads: nobody changes it once it is made.
package final class Frame: @unchecked Sendable {  // why: immutable; FFmpeg counts references atomically
    let pointer: UnsafeMutablePointer<AVFrame>

    /// Takes over `pointer`.
    init(owning pointer: UnsafeMutablePointer<AVFrame>) { self.pointer = pointer }

    deinit {
        var pointer: UnsafeMutablePointer<AVFrame>? = pointer
        av_frame_free(&pointer)
    }

    package var width: Int { Int(pointer.pointee.width) }
    package var height: Int { Int(pointer.pointee.height) }
    /// As given with the packet that the frame was decoded from; nil where that had none.
    package var presentationTime: Int64? {
        pointer.pointee.pts == sluice_no_pts ? nil : pointer.pointee.pts
    }
    /// Samples in each channel; 0 for a picture.
    package var sampleCount: Int { Int(pointer.pointee.nb_samples) }
    package var sampleRate: Int { Int(pointer.pointee.sample_rate) }
    package var channels: Int { Int(pointer.pointee.ch_layout.nb_channels) }

    /// The mean of the luma plane of an 8-bit planar picture; nil for anything else.
    package var meanLuma: Int? {
        guard let descriptor = av_pix_fmt_desc_get(AVPixelFormat(pointer.pointee.format)), width > 0, height > 0,
            descriptor.pointee.comp.0.depth == 8, descriptor.pointee.comp.0.step == 1, let luma = pointer.pointee.data.0
        else { return nil }
        let stride = Int(pointer.pointee.linesize.0)
        var sum = 0
        for row in 0..<height {
            for column in 0..<width { sum += Int(luma[row * stride + column]) }
        }
        return sum / (width * height)
    }

    /// Luma and both chroma of one picture element of an 8-bit planar picture of 4:2:0; -1 where there is none.
    package func element(x: Int, y: Int) -> (luma: Int, blue: Int, red: Int) {
        func value(_ index: Int, _ x: Int, _ y: Int) -> Int {
            let (start, stride) = plane(index)
            guard (0..<width).contains(x), (0..<height).contains(y) else { return -1 }
            return start.map { Int($0[y * stride + x]) } ?? -1
        }
        return (value(0, x, y), value(1, x / 2, y / 2), value(2, x / 2, y / 2))
    }

    /// Whether nearly every picture element is darker than a tenth of the way from black to white. One in 64 is looked at.
    ///
    /// False for pictures that are not planar YUV.
    package var isBlack: Bool {
        guard let descriptor = av_pix_fmt_desc_get(AVPixelFormat(pointer.pointee.format)), width > 0, height > 0,
            descriptor.pointee.flags & UInt64(AV_PIX_FMT_FLAG_RGB | AV_PIX_FMT_FLAG_BE) == 0,
            let luma = pointer.pointee.data.0
        else { return false }
        let (depth, step) = (Int(descriptor.pointee.comp.0.depth), Int(descriptor.pointee.comp.0.step))
        guard (8...16).contains(depth), step == (depth > 8 ? 2 : 1) else { return false }
        let stride = Int(pointer.pointee.linesize.0)
        // BT.709's black is 16 of 8 bits, its white 235.
        let limit = 38 << (depth - 8 + Int(descriptor.pointee.comp.0.shift))
        var (bright, all) = (0, 0)
        for row in Swift.stride(from: 0, to: height, by: 8) {
            for column in Swift.stride(from: 0, to: width, by: 8) {
                let place = luma + row * stride + column * step
                let value = step == 1 ? Int(place[0]) : Int(place[0]) | Int(place[1]) << 8
                all += 1
                if value > limit { bright += 1 }
            }
        }
        return bright * 50 < all
    }

    /// Whether no sample of any channel is louder than -60 dB of full scale.
    package var isSilent: Bool {
        let format = AVSampleFormat(pointer.pointee.format)
        let isPlanar = av_sample_fmt_is_planar(format) != 0
        guard sampleCount > 0, let planes = pointer.pointee.extended_data else { return true }
        let count = isPlanar ? sampleCount : sampleCount * channels
        return (0..<(isPlanar ? channels : 1)).allSatisfy { channel in
            guard let plane = planes[channel] else { return true }
            return Self.peak(plane, count, av_get_packed_sample_fmt(format)) <= 0.001
        }
    }

    /// Of full scale; 1 for a format that is not known.
    private static func peak(_ plane: UnsafeMutablePointer<UInt8>, _ count: Int, _ format: AVSampleFormat) -> Float {
        func loudest<Value>(_: Value.Type, _ loudness: (Value) -> Float) -> Float {
            plane.withMemoryRebound(to: Value.self, capacity: count) { samples in
                var peak: Float = 0
                for index in 0..<count { peak = max(peak, loudness(samples[index])) }
                return peak
            }
        }
        switch format {
        case AV_SAMPLE_FMT_FLT: return loudest(Float.self) { abs($0) }
        case AV_SAMPLE_FMT_S16: return loudest(Int16.self) { Float($0.magnitude) / 32768 }
        case AV_SAMPLE_FMT_S32: return loudest(Int32.self) { Float($0.magnitude) / 2_147_483_648 }
        default: return 1
        }
    }

    /// What the picture's numbers mean, to be written into what is encoded from it.
    package var colour: Colour {
        Colour(
            primaries: pointer.pointee.color_primaries.rawValue, transfer: pointer.pointee.color_trc.rawValue,
            matrix: pointer.pointee.colorspace.rawValue)
    }
}

/// Colour description by the code points of ISO/IEC 23091-2, clause 8; 2 is "unspecified".
package struct Colour: Sendable, Hashable {
    package var primaries: UInt32
    package var transfer: UInt32
    package var matrix: UInt32

    package init(primaries: UInt32, transfer: UInt32, matrix: UInt32) {
        self.primaries = primaries
        self.transfer = transfer
        self.matrix = matrix
    }

    /// With everything unspecified filled in as players guess it from the height of the *source*: a rung that is
    /// smaller than its source would otherwise be shown with the wrong matrix.
    package func resolved(sourceHeight: Int) -> Colour {
        let guess: UInt32 = sourceHeight >= 720 ? 1 : 6
        return Colour(
            primaries: primaries == 2 || primaries == 0 ? guess : primaries,
            transfer: transfer == 2 || transfer == 0 ? guess : transfer, matrix: matrix == 2 ? guess : matrix)
    }
}

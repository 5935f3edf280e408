#include "guard.hpp"

#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <string>
#include <vector>

struct ocv_bytes {
    std::vector<uint8_t> storage;
};

namespace {

bool hand_over(cv::Mat &&pixels, ocv_image **image) {
    auto owner = std::make_unique<ocv_image>();
    owner->pixels = std::move(pixels);
    *image = owner.release();
    return true;
}

cv::Scalar scalar(uint32_t colour) {
    return cv::Scalar(colour & 0xff, (colour >> 8) & 0xff, (colour >> 16) & 0xff);
}

}  // namespace

bool ocv_image_create(int32_t width, int32_t height, int32_t channels, const uint8_t *pixels,
                      ocv_image **image, ocv_error *error) {
    return guarded(error, [&] {
        const int type = CV_MAKETYPE(CV_8U, channels);
        if (pixels == nullptr) {
            return hand_over(cv::Mat(height, width, type, cv::Scalar::all(0)), image);
        }
        const cv::Mat borrowed(height, width, type, const_cast<uint8_t *>(pixels));
        return hand_over(borrowed.clone(), image);
    });
}

bool ocv_image_decode(const uint8_t *bytes, size_t count, ocv_image **image, ocv_error *error) {
    return guarded(error, [&] {
        const cv::Mat input(1, static_cast<int>(count), CV_8UC1, const_cast<uint8_t *>(bytes));
        cv::Mat pixels =
            cv::imdecode(input, cv::IMREAD_COLOR | cv::IMREAD_IGNORE_ORIENTATION);
        if (pixels.empty()) {
            return fail(error, cv::Error::StsError, "the bytes are no image that OpenCV can decode");
        }
        return hand_over(std::move(pixels), image);
    });
}

void ocv_image_free(ocv_image *image) { delete image; }
int32_t ocv_image_width(const ocv_image *image) { return image->pixels.cols; }
int32_t ocv_image_height(const ocv_image *image) { return image->pixels.rows; }
int32_t ocv_image_channels(const ocv_image *image) { return image->pixels.channels(); }

void ocv_image_copy_pixels(const ocv_image *image, uint8_t *pixels) {
    const cv::Mat &source = image->pixels;
    const size_t row = static_cast<size_t>(source.cols) * source.elemSize();
    for (int y = 0; y < source.rows; y++) {
        std::copy_n(source.ptr(y), row, pixels + y * row);
    }
}

bool ocv_image_resize(const ocv_image *image, int32_t width, int32_t height, ocv_image **resized,
                      ocv_error *error) {
    return guarded(error, [&] {
        const bool shrinks = width < image->pixels.cols || height < image->pixels.rows;
        cv::Mat output;
        cv::resize(image->pixels, output, cv::Size(width, height), 0, 0,
                   shrinks ? cv::INTER_AREA : cv::INTER_LINEAR);
        return hand_over(std::move(output), resized);
    });
}

bool ocv_image_orient(const ocv_image *image, int32_t orientation, ocv_image **upright,
                      ocv_error *error) {
    return guarded(error, [&] {
        // EXIF 2.3, tag 0x0112: 5 to 8 are transposed, then as 1, 2, 4, 3 mirrored.
        cv::Mat output = image->pixels.clone();
        const auto flip = [&](int axis) { cv::flip(output, output, axis); };
        const auto rotate = [&](int code) { cv::rotate(image->pixels, output, code); };
        switch (orientation) {
            case 2: flip(1); break;
            case 3: rotate(cv::ROTATE_180); break;
            case 4: flip(0); break;
            case 5: cv::transpose(image->pixels, output); break;
            case 6: rotate(cv::ROTATE_90_CLOCKWISE); break;
            case 7: cv::transpose(image->pixels, output); flip(-1); break;
            case 8: rotate(cv::ROTATE_90_COUNTERCLOCKWISE); break;
            default: break;
        }
        return hand_over(std::move(output), upright);
    });
}

bool ocv_image_grey(const ocv_image *image, bool equalized, ocv_image **grey, ocv_error *error) {
    return guarded(error, [&] {
        cv::Mat output;
        if (image->pixels.channels() == 1) {
            output = image->pixels.clone();
        } else {
            cv::cvtColor(image->pixels, output, cv::COLOR_BGR2GRAY);
        }
        if (equalized) {
            cv::equalizeHist(output, output);
        }
        return hand_over(std::move(output), grey);
    });
}

bool ocv_image_contrast(const ocv_image *image, int32_t x, int32_t y, int32_t width, int32_t height,
                        double *contrast, ocv_error *error) {
    return guarded(error, [&] {
        const cv::Rect whole(0, 0, image->pixels.cols, image->pixels.rows);
        const cv::Rect inside = cv::Rect(x, y, width, height) & whole;
        *contrast = 0;
        if (inside.empty()) {
            return true;
        }
        cv::Mat part = image->pixels(inside);
        if (part.channels() == 3) {
            cv::cvtColor(part, part, cv::COLOR_BGR2GRAY);
        }
        cv::Mat small;
        cv::resize(part, small, cv::Size(8, 8), 0, 0, cv::INTER_AREA);
        cv::Scalar mean, deviation;
        cv::meanStdDev(small, mean, deviation);
        *contrast = deviation[0];
        return true;
    });
}

bool ocv_image_encode(const ocv_image *image, const char *extension, int32_t quality,
                      ocv_bytes **bytes, ocv_error *error) {
    return guarded(error, [&] {
        auto owner = std::make_unique<ocv_bytes>();
        std::vector<int> settings;
        if (std::string(extension) == ".jpg") {
            settings = {cv::IMWRITE_JPEG_QUALITY, quality};
        }
        if (!cv::imencode(extension, image->pixels, owner->storage, settings)) {
            return fail(error, cv::Error::StsError, "OpenCV could not encode the image");
        }
        *bytes = owner.release();
        return true;
    });
}

bool ocv_image_draw_rectangle(ocv_image *image, int32_t x, int32_t y, int32_t width, int32_t height,
                              uint32_t colour, int32_t thickness, ocv_error *error) {
    return guarded(error, [&] {
        cv::rectangle(image->pixels, cv::Rect(x, y, width, height), scalar(colour), thickness);
        return true;
    });
}

bool ocv_image_draw_text(ocv_image *image, const char *text, int32_t x, int32_t y, double scale,
                         uint32_t colour, int32_t thickness, ocv_error *error) {
    return guarded(error, [&] {
        cv::putText(image->pixels, text, cv::Point(x, y), cv::FONT_HERSHEY_SIMPLEX, scale,
                    scalar(colour), thickness, cv::LINE_AA);
        return true;
    });
}

const uint8_t *ocv_bytes_data(const ocv_bytes *bytes) { return bytes->storage.data(); }
size_t ocv_bytes_count(const ocv_bytes *bytes) { return bytes->storage.size(); }
void ocv_bytes_free(ocv_bytes *bytes) { delete bytes; }

#include "guard.hpp"

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>
#include <opencv2/objdetect.hpp>
#include <vector>

struct ocv_cascade {
    cv::CascadeClassifier classifier;
};

struct ocv_hog {
    cv::HOGDescriptor descriptor;
};

struct ocv_yunet {
    cv::Ptr<cv::FaceDetectorYN> detector;
};

namespace {

ocv_detection detection(const cv::Rect &box, double score) {
    ocv_detection made = {};
    made.x = static_cast<float>(box.x);
    made.y = static_cast<float>(box.y);
    made.width = static_cast<float>(box.width);
    made.height = static_cast<float>(box.height);
    made.score = static_cast<float>(score);
    return made;
}

/// Writes as many of `boxes` as fit, and how many.
template <typename Score>
void write(const std::vector<cv::Rect> &boxes, const std::vector<Score> &scores,
           ocv_detection *detections, int32_t capacity, int32_t *count) {
    *count = std::min(capacity, static_cast<int32_t>(boxes.size()));
    for (int32_t index = 0; index < *count; index++) {
        detections[index] = detection(boxes[index], static_cast<double>(scores[index]));
    }
}

}  // namespace

bool ocv_cascade_load(const char *path, ocv_cascade **cascade, ocv_error *error) {
    return guarded(error, [&] {
        auto owner = std::make_unique<ocv_cascade>();
        if (!owner->classifier.load(path)) {
            return fail(error, cv::Error::StsError, "the file holds no cascade");
        }
        *cascade = owner.release();
        return true;
    });
}

void ocv_cascade_free(ocv_cascade *cascade) { delete cascade; }

bool ocv_cascade_detect(ocv_cascade *cascade, const ocv_image *image, double scale_step,
                        int32_t neighbours, int32_t minimum_side, ocv_detection *detections,
                        int32_t capacity, int32_t *count, ocv_error *error) {
    return guarded(error, [&] {
        std::vector<cv::Rect> boxes;
        std::vector<int> merged;
        cascade->classifier.detectMultiScale(image->pixels, boxes, merged, scale_step, neighbours,
                                             0, cv::Size(minimum_side, minimum_side));
        write(boxes, merged, detections, capacity, count);
        return true;
    });
}

bool ocv_hog_create(ocv_hog **hog, ocv_error *error) {
    return guarded(error, [&] {
        auto owner = std::make_unique<ocv_hog>();
        owner->descriptor.setSVMDetector(cv::HOGDescriptor::getDefaultPeopleDetector());
        *hog = owner.release();
        return true;
    });
}

void ocv_hog_free(ocv_hog *hog) { delete hog; }

bool ocv_hog_detect(ocv_hog *hog, const ocv_image *image, double threshold, int32_t stride,
                    int32_t padding, int32_t border, double scale_step, ocv_detection *detections,
                    int32_t capacity, int32_t *count, ocv_error *error) {
    return guarded(error, [&] {
        std::vector<cv::Rect> boxes;
        std::vector<double> margins;
        // OpenCV 4.6 writes outside its buffers when the image is smaller than its window.
        const cv::Size window = hog->descriptor.winSize;
        if (image->pixels.cols < window.width ||
            image->pixels.rows + 2 * border < window.height) {
            *count = 0;
            return true;
        }
        cv::Mat bordered;
        cv::copyMakeBorder(image->pixels, bordered, border, border, 0, 0, cv::BORDER_REPLICATE);
        // A group threshold of 0 leaves the windows as they are.
        hog->descriptor.detectMultiScale(bordered, boxes, margins, threshold,
                                         cv::Size(stride, stride), cv::Size(padding, padding),
                                         scale_step, 0);
        for (cv::Rect &box : boxes) {
            box.y -= border;
        }
        write(boxes, margins, detections, capacity, count);
        return true;
    });
}

bool ocv_yunet_load(const char *path, float score, float overlap, ocv_yunet **yunet,
                    ocv_error *error) {
    return guarded(error, [&] {
        auto owner = std::make_unique<ocv_yunet>();
        owner->detector =
            cv::FaceDetectorYN::create(path, "", cv::Size(320, 320), score, overlap, 5000);
        // A model that loads may still not be one this version can run: find out now.
        cv::Mat faces;
        owner->detector->detect(cv::Mat(320, 320, CV_8UC3, cv::Scalar::all(0)), faces);
        *yunet = owner.release();
        return true;
    });
}

void ocv_yunet_free(ocv_yunet *yunet) { delete yunet; }

bool ocv_yunet_detect(ocv_yunet *yunet, const ocv_image *image, ocv_detection *detections,
                      int32_t capacity, int32_t *count, ocv_error *error) {
    return guarded(error, [&] {
        cv::Mat bgr = image->pixels;
        if (bgr.channels() == 1) {
            cv::cvtColor(image->pixels, bgr, cv::COLOR_GRAY2BGR);
        }
        // Below 33 pixels nothing is left of the network's coarsest layer; on one of 1 x 20 OpenCV
        // 4.6 reads memory that nobody wrote and makes faces of it.
        const int smallest = 128;
        if (bgr.cols < smallest || bgr.rows < smallest) {
            cv::copyMakeBorder(bgr, bgr, 0, std::max(0, smallest - bgr.rows), 0,
                               std::max(0, smallest - bgr.cols), cv::BORDER_CONSTANT);
        }
        cv::Mat faces;
        yunet->detector->setInputSize(bgr.size());
        yunet->detector->detect(bgr, faces);
        *count = 0;
        for (int index = 0; index < faces.rows && *count < capacity; index++) {
            // A row is x, y, width, height, five points, score.
            const float *row = faces.ptr<float>(index);
            const auto is_sane = [](float value) { return std::abs(value) < 1e6f; };  // NaN is not.
            if (!std::all_of(row, row + 15, is_sane)) {
                continue;
            }
            ocv_detection &made = detections[(*count)++];
            made = {row[0], row[1], row[2], row[3], row[14], {}};
            std::copy_n(row + 4, 10, made.landmarks);
        }
        return true;
    });
}

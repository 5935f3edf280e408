#include "guard.hpp"

#include <cstdlib>
#include <mutex>
#include <opencv2/core/utils/logger.hpp>
#include <opencv2/videoio.hpp>
#include <vector>

struct ocv_video {
    cv::VideoCapture capture;
};

namespace {

// A dead network source is given up after this long; FFmpeg's own default is longer.
constexpr int network_timeout_milliseconds = 10'000;

int swallow(int, const char *, const char *, const char *, int, void *) { return 0; }

bool hand_over(std::unique_ptr<ocv_video> video, ocv_video **result, ocv_error *error) {
    if (!video->capture.isOpened()) {
        return fail(error, cv::Error::StsError, "OpenCV cannot open it");
    }
    *result = video.release();
    return true;
}

}  // namespace

void prepare_once() {
    static std::once_flag prepared;
    std::call_once(prepared, [] {
        // AV_LOG_QUIET; read by OpenCV's FFmpeg backend when it opens its first video.
        setenv("OPENCV_FFMPEG_LOGLEVEL", "-8", 0);
        // OpenCV refuses larger images by itself: the wire's limits, a second line of defence.
        setenv("OPENCV_IO_MAX_IMAGE_WIDTH", "16384", 0);
        setenv("OPENCV_IO_MAX_IMAGE_HEIGHT", "16384", 0);
        setenv("OPENCV_IO_MAX_IMAGE_PIXELS", "64000000", 0);
        cv::utils::logging::setLogLevel(cv::utils::logging::LOG_LEVEL_SILENT);
        cv::redirectError(swallow);
        cv::setNumThreads(1);
    });
}

void ocv_prepare(int32_t threads) {
    prepare_once();
    cv::setNumThreads(threads);
}

const char *ocv_version(void) {
    static const std::string version = cv::getVersionString();
    return version.c_str();
}

bool ocv_video_open(const char *path, bool any_backend, ocv_video **video, ocv_error *error) {
    return guarded(error, [&] {
        auto owner = std::make_unique<ocv_video>();
        if (any_backend) {
            owner->capture.open(path, cv::CAP_ANY);
        } else {
            const std::vector<int> settings = {
                cv::CAP_PROP_OPEN_TIMEOUT_MSEC, network_timeout_milliseconds,
                cv::CAP_PROP_READ_TIMEOUT_MSEC, network_timeout_milliseconds};
            owner->capture.open(path, cv::CAP_FFMPEG, settings);
        }
        return hand_over(std::move(owner), video, error);
    });
}

bool ocv_video_open_device(int32_t index, ocv_video **video, ocv_error *error) {
    return guarded(error, [&] {
        auto owner = std::make_unique<ocv_video>();
        owner->capture.open(index, cv::CAP_V4L2);
        return hand_over(std::move(owner), video, error);
    });
}

void ocv_video_free(ocv_video *video) { delete video; }

double ocv_video_frames_per_second(const ocv_video *video) {
    try {
        return video->capture.get(cv::CAP_PROP_FPS);
    } catch (...) {
        return 0;
    }
}

double ocv_video_frame_count(const ocv_video *video) {
    try {
        return video->capture.get(cv::CAP_PROP_FRAME_COUNT);
    } catch (...) {
        return 0;
    }
}

bool ocv_video_read(ocv_video *video, ocv_image **image, ocv_error *error) {
    return guarded(error, [&] {
        auto owner = std::make_unique<ocv_image>();
        const bool read = video->capture.read(owner->pixels) && !owner->pixels.empty();
        *image = read ? owner.release() : nullptr;
        return true;
    });
}

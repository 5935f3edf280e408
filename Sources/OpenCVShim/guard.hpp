// What every file of the shim shares: the handles, and the one place that turns exceptions into
// values.
#pragma once
#include "opencv_shim.h"

#include <cstdio>
#include <exception>
#include <memory>
#include <opencv2/core.hpp>
#include <utility>

struct ocv_image {
    cv::Mat pixels;
};

/// Writes `code` and `message` and returns false.
inline bool fail(ocv_error *error, int32_t code, const char *message) {
    error->code = code;
    std::snprintf(error->message, sizeof error->message, "%s", message);
    return false;
}

/// Silences OpenCV; the first call counts.
void prepare_once();

/// Runs `body`, which returns true or false having written `error`; catches everything.
template <typename Body>
bool guarded(ocv_error *error, Body body) noexcept {
    try {
        prepare_once();
        return body();
    } catch (const cv::Exception &exception) {
        // `err` is the bare sentence; `what()` has build paths of OpenCV in it.
        return fail(error, exception.code, exception.err.c_str());
    } catch (const std::exception &exception) {
        return fail(error, cv::Error::StsError, exception.what());
    } catch (...) {
        return fail(error, cv::Error::StsError, "unknown exception");
    }
}

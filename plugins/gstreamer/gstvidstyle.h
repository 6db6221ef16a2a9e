/* The element `vidstyle`: paints raw video in the engine, in place. */
#ifndef GST_VIDSTYLE_H
#define GST_VIDSTYLE_H

#include <gst/video/gstvideofilter.h>
#include <gst/video/video.h>

G_BEGIN_DECLS

#define GST_TYPE_VIDSTYLE (gst_vidstyle_get_type())
G_DECLARE_FINAL_TYPE(GstVidstyle, gst_vidstyle, GST, VIDSTYLE, GstVideoFilter)

GST_ELEMENT_REGISTER_DECLARE(vidstyle)

G_END_DECLS

#endif

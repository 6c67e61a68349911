"""Speakers as devices of Home Assistant: discovery, states, events; commands go straight to the services."""

from migpt_ha_bridge.speakers.side import SpeakersSide

__all__ = ["SpeakersSide"]

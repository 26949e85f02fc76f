"""Widgets that Streamlit does not have."""
